import Core
import HTTPServer
import JSON

/// `POST /v1/import/{collection}`: one document a line, written as they come, in constant memory. Each line stands or falls alone; the
/// answer counts them and tells the first errors. What is written stands, also where the client goes away in the middle.
enum ImportDocuments {
  static let route = Route(
    method: .post, pattern: "/v1/import/{collection}", access: .anyone,
    work: .upload { call, chunks in
      let collection = try call.documentCollection()
      let request = try ImportRequest(call)
      let access = call.access(to: collection)
      try access.requireImport()
      try requireSize(chunks.length.map(Int64.init))
      let transfer = try call.environment.bulkTransfers.begin(call.caller)
      defer { withExtendedLifetime(transfer) {} }
      var run = ImportRun(request, access: access, call: call)
      do {
        var bytes: Int64 = 0
        try await chunks.forEach { chunk in
          bytes += Int64(chunk.count)
          try requireSize(bytes)
          try await run.take(chunk)
        }
        return .privateJSON(200, try await run.finish())
      } catch is ImportStopped {
        return .privateJSON(200, try await run.finish())
      } catch let error as RoostError {
        throw error.after(await run.settle())
      }
    })

  private static func requireSize(_ size: Int64?) throws {
    guard let size, size > Limits.importBytesMax else { return }
    throw RoostError(.payloadTooLarge, "An import has at most \(Limits.importBytesMax) bytes. Send it in several.")
  }
}

/// A line failed, and the caller wants no more then.
struct ImportStopped: Error {}

/// One import from its first byte to its answer.
struct ImportRun {
  private let request: ImportRequest
  private let access: DocumentAccess
  private let writing: ImportWriting
  private let now: Timestamp
  private var lines: ImportLines
  private var portion = ImportPortion()

  init(_ request: ImportRequest, access: DocumentAccess, call: Call) {
    self.request = request
    self.access = access
    now = call.now
    lines = ImportLines(request, of: access.collection)
    writing = ImportWriting(call.project.documents, before: call.project.before, ImportControl(isTrial: request.isTrial, stopsAtError: request.stopsAtError))
  }

  /// Throws `ImportStopped`, or what is no line's fault.
  mutating func take(_ chunk: [UInt8]) async throws {
    for line in try lines.lines(in: chunk) { try await take(line) }
  }

  /// The answer, once everything is written.
  mutating func finish() async throws -> JSONValue {
    if !writing.isStopped {
      do {
        for line in try lines.end() { try await take(line) }
        try await flush()
      } catch is ImportStopped {}
    }
    try await writing.finish()
    return writing.tally.value(isStopped: writing.isStopped)
  }

  /// What stands of an import that failed.
  func settle() async -> ImportTally {
    try? await writing.finish()
    return writing.tally
  }

  private mutating func take(_ line: ImportLines.Line) async throws {
    do {
      let text = try line.text.get()
      let body = try DocumentBody.ofLine(text)
      let times = request.keepsTimes ? try DocumentTimes(of: text, now: now) : nil
      portion.add(try access.importing(body, mode: request.mode, times: times), line: line.number, bytes: text.count)
    } catch let error as RoostError where error.isOfOneDocument {
      portion.add(error, line: line.number)
      if request.stopsAtError { try await flush() }
    }
    if portion.isFull { try await flush() }
  }

  private mutating func flush() async throws {
    guard !portion.isEmpty else { return }
    let full = portion
    portion = ImportPortion()
    try await writing.submit(full)
    if request.stopsAtError, full.hasRefusal { try await writing.finish() }
    if writing.isStopped { throw ImportStopped() }
  }
}

extension ImportPortion {
  fileprivate var hasRefusal: Bool { entries.contains { $0.refusal != nil } }
}

extension RoostError {
  /// The same, and what stands nevertheless.
  fileprivate func after(_ tally: ImportTally) -> RoostError {
    guard tally.documents > 0 else { return self }
    let counts = "\(tally.created) created, \(tally.replaced) replaced, \(tally.unchanged) unchanged, \(tally.failed) failed"
    return RoostError(
      code, "\(message) Of the \(tally.documents) documents before it what was written stands (\(counts)).", fields: fields, retryAfter: retryAfter)
  }
}
