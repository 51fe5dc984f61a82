/// What an archive may hold. Each bound is checked before room is made for what it bounds.
package struct ArchiveBounds: Sendable {
  /// Files and folders together.
  package var entries = 10_000
  /// Of all files, unpacked.
  package var bytes = 256 << 20
  /// How many times larger than itself an archive may unpack, past a mebibyte. Programs shrink to a quarter; what shrinks to a two hundredth was made
  /// to fill a disk.
  package var ratio = 200
  package var depth = 32
  package var pathBytes = 512
  /// What file systems take for one name.
  package var nameBytes = 255

  package init() {}
}
