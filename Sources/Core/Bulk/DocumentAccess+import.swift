import CEL
import JSON

extension DocumentAccess {
  /// Refuses an import of which no line could be written, before any is read. Throws `unauthenticated`, `forbidden`.
  package func requireImport() throws {
    guard !caller.passesRules, collection.rules.create.expression == nil, collection.rules.update.expression == nil else { return }
    throw RoostError.denied("import into '\(collection.name)'", caller: caller)
  }

  /// The write of one line: the same decisions as for single writes.
  /// - Parameter times: those that a new document gets; nil for the time of its creation.
  package func importing(_ body: DocumentBody, mode: ImportMode, times: DocumentTimes? = nil) throws -> DocumentWrite {
    let write = try decision(body, mode: mode)
    return DocumentWrite(collection: collection, id: body.id, actor: write.actor, times: times, decide: write.decide)
  }

  private func decision(_ body: DocumentBody, mode: ImportMode) throws -> DocumentWrite {
    guard let id = body.id else { return try create(id: nil, body: mode == .merge ? body.withoutNulls() : body) }
    switch mode {
    case .create: return try create(id: id, body: body)
    case .put: return try put(id: id, body: body, condition: .none)
    case .skip: return try skip(id: id, body: body)
    case .merge: return try merge(id: id, patch: body)
    }
  }

  /// Who may not create is not told whether the id is taken: `create` asks the rule first.
  private func skip(id: String, body: DocumentBody) throws -> DocumentWrite {
    let create = try create(id: id, body: body)
    return DocumentWrite(collection: collection, id: id, actor: create.actor) { moment in
      do {
        return try create.decide(moment)
      } catch let error as RoostError where error.code == .alreadyExists {
        return .keep
      }
    }
  }

  private func merge(id: String, patch: DocumentBody) throws -> DocumentWrite {
    let create = try create(id: id, body: patch.withoutNulls())
    let change = try self.patch(id: id, condition: .none, .merge(patch.bytes))
    return DocumentWrite(collection: collection, id: id, actor: create.actor) { moment in
      guard moment.current != nil else { return try create.decide(moment) }
      do {
        return try change.decide(moment)
      } catch let error as RoostError where error.code == .notFound {
        // Hidden: answered like a document that is not there, as far as the caller could not make one.
        do {
          return try create.decide(moment)
        } catch let refusal as RoostError where refusal.code == .alreadyExists {
          throw error
        }
      }
    }
  }
}

extension DocumentBody {
  /// What a merge patch makes where there is nothing yet.
  fileprivate func withoutNulls() throws -> DocumentBody {
    DocumentBody(bytes: try DocumentPatch.merge(bytes, onto: Array("{}".utf8)), id: id)
  }
}

extension DocumentTimes {
  /// The `createdAt` and `updatedAt` of a document's text, as an export has them; nil where there is neither. Throws `validation_failed`.
  package init?(of text: [UInt8], now: Timestamp) throws {
    let created = try Self.time("createdAt", of: text)
    let updated = try Self.time("updatedAt", of: text)
    guard created != nil || updated != nil else { return nil }
    self.init(created: created ?? updated ?? now, updated: updated ?? created ?? now)
  }

  private static func time(_ name: String, of text: [UInt8]) throws -> Timestamp? {
    guard let range = JSONText.member(name, of: text) else { return nil }
    guard let value = try? JSONValue(parsing: Array(text[range])).stringValue, let time = CELTimestamp(text: value) else {
      throw RoostError(
        .validationFailed, "`\(name)` is not a time.", fields: [FieldError("/" + name, "expected a time like 2026-11-21T09:30:00.123Z")])
    }
    return Timestamp(milliseconds: time.milliseconds)
  }
}
