/// What an archive holds, piece by piece, in its own order.
package enum ArchivePiece: Sendable {
  case folder(String)
  /// A file begins; its bytes follow, until another piece than `bytes` comes.
  case file(String, isExecutable: Bool)
  case bytes([UInt8])
}

/// Reads archives that anybody may have made: `.zip` and `.tar.gz`.
package enum Archive {
  /// Hands each piece to `take`. Every path is relative, without `.` and `..`, and comes once; there are only files and folders. What was handed over before an
  /// error is worth nothing. Throws `ArchiveError`, and what `take` throws.
  package static func unpack(_ archive: [UInt8], bounds: ArchiveBounds = ArchiveBounds(), _ take: (ArchivePiece) throws -> Void) throws {
    try withoutActuallyEscaping(take) { take in
      var content = ArchiveContent(bounds: bounds, packedBytes: archive.count, take: take)
      if archive.starts(with: [0x50, 0x4b, 0x03, 0x04]) {
        try ZipReader(archive).read(into: &content)
      } else if archive.starts(with: [0x1f, 0x8b]) {
        try TarReader.read(gzipped: archive, into: &content)
      } else {
        throw ArchiveError("The archive is neither a .zip nor a .tar.gz file.")
      }
      guard content.files > 0 else { throw ArchiveError("The archive holds no file.") }
    }
  }
}
