/// The bounds on a file, each with its reason.
package enum AppFileLimits {
  /// A large app's rules and tests are a hundred times smaller.
  package static let bytesMax = 1 << 20
  /// Values after aliases were followed: a few lines of aliases of aliases stand for billions.
  static let valuesMax = 100_000
  /// Lists and objects within each other, as deep as a document may be.
  static let depthMax = 64
}
