import Core

extension WriteTransaction {
  /// Writes the record and its event.
  func store(_ target: FileTarget, size: Int64, digest: [UInt8], contentID: String, over replaced: StoredFile?) throws -> StoredFile {
    guard try database.first("SELECT 1 FROM buckets WHERE name = ?", .text(target.bucket), row: { _ in true }) != nil else {
      throw RoostError.bucketNotFound(target.bucket)
    }
    let now = self.now
    let file = StoredFile(
      bucket: target.bucket, path: target.path, size: size, digest: digest, contentType: target.contentType, created: replaced?.created ?? now, updated: now,
      owner: target.owner, contentID: contentID)
    if let replaced { try markRemains(replaced.contentID) }
    try database.run(
      """
      INSERT OR REPLACE INTO files (bucket, path, size, digest, content_type, owner, content_id, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, .text(file.bucket), .text(file.path), .int(size), .blob(digest), .text(file.contentType), SQLValue(file.owner), .text(contentID),
      .int(file.created.milliseconds), .int(now.milliseconds))
    try append(
      kind: .file, action: replaced == nil ? .created : .updated, container: file.bucket, subject: file.path, before: replaced?.value.bytes(),
      after: file.value.bytes(), actor: target.actor, at: now)
    return file
  }

  /// Deletes the record, with its event.
  func delete(_ file: StoredFile, actor: EventActor) throws {
    try markRemains(file.contentID)
    try database.run("DELETE FROM files WHERE bucket = ? AND path = ?", .text(file.bucket), .text(file.path))
    try append(
      kind: .file, action: .deleted, container: file.bucket, subject: file.path, before: file.value.bytes(), after: nil, actor: actor, at: now)
  }

  /// Lists content as to be removed, in the same commit that takes its record away: a crash cannot leave it lying about for ever.
  private func markRemains(_ contentID: String) throws {
    try database.run("INSERT OR IGNORE INTO file_remains (content_id) VALUES (?)", .text(contentID))
  }

  /// Strikes off what is gone from the disk.
  func strikeRemains(_ contentIDs: [String]) throws {
    for id in contentIDs { try database.run("DELETE FROM file_remains WHERE content_id = ?", .text(id)) }
  }
}

extension Database {
  static let fileColumns = "bucket, path, size, digest, content_type, owner, content_id, created, updated"

  func file(_ path: String, in bucket: String) throws -> StoredFile? {
    try first("SELECT \(Self.fileColumns) FROM files WHERE bucket = ? AND path = ?", .text(bucket), .text(path), row: StoredFile.init(row:))
  }
}

extension StoredFile {
  init(row: Statement) {
    self.init(
      bucket: row.text(0), path: row.text(1), size: row.int(2), digest: row.blob(3), contentType: row.text(4),
      created: Timestamp(milliseconds: row.int(7)), updated: Timestamp(milliseconds: row.int(8)), owner: row.optionalText(5), contentID: row.text(6))
  }
}
