import Core
import Synchronization

/// Archives that are held in memory.
final class FunctionUploads: Sendable {
  private let inHand = Mutex(0)

  /// Throws `overloaded` where too many are in hand already. The place is given back with the last reference to it.
  func begin() throws -> FunctionUploadPlace {
    try inHand.withLock { inHand in
      guard inHand < Limits.functionArchivesInHandMax else {
        throw RoostError(.overloaded, "Too many archives are being deployed. Try again in a moment.", retryAfter: .seconds(2))
      }
      inHand += 1
    }
    return FunctionUploadPlace(self)
  }

  fileprivate func end() { inHand.withLock { $0 -= 1 } }
}

/// A place among them.
final class FunctionUploadPlace: Sendable {
  private let uploads: FunctionUploads

  fileprivate init(_ uploads: FunctionUploads) {
    self.uploads = uploads
  }

  deinit { uploads.end() }
}
