import JSON

/// A change of a document that depends on what it is: one of the three kinds that PATCH takes. Read once, applied inside the transaction.
package enum DocumentPatch: Sendable {
  /// RFC 7396.
  case merge([UInt8])
  /// RFC 6902.
  case operations(JSONPatch)
  /// MongoDB's update operators.
  case update(JSONUpdate)

  /// A merge patch, or update operators where a member's name begins with `$`. Throws `invalid_json` or `validation_failed`.
  package init(object text: [UInt8]) throws {
    let body = try DocumentBody(text).bytes
    var hasOperator = false
    JSONText.forEachMember(of: body) { name, _ in hasOperator = hasOperator || name.hasPrefix("$") }
    guard hasOperator else {
      self = .merge(body)
      return
    }
    do {
      self = .update(try JSONUpdate(body, readOnly: DocumentRecord.reservedFields))
    } catch {
      throw RoostError(error)
    }
  }

  /// A JSON Patch. Throws `invalid_json` or `validation_failed`.
  package init(list text: [UInt8]) throws {
    do {
      try JSONText.validate(text, depthMax: Limits.jsonDepthMax)
    } catch {
      throw RoostError(.invalidJSON, "The JSON Patch is not valid JSON: \(error.message) (line \(error.line), column \(error.column)).")
    }
    do {
      self = .operations(try JSONPatch(text, readOnly: DocumentRecord.reservedFields))
    } catch {
      throw RoostError(error)
    }
  }

  /// Whether it names nothing, so that it is no guess.
  var isEmpty: Bool { if case .merge(let fields) = self { fields.elementsEqual("{}".utf8) } else { false } }

  /// Whether it does the same to every document: it neither fails nor leaves something out because of what is there.
  var isUnconditional: Bool {
    switch self {
    case .merge: true
    case .operations: false
    case .update(let update): update.isUnconditional
    }
  }

  /// The new body. Throws `conflict` where the patch does not fit the document, `validation_failed` where what it makes is no document.
  func apply(to document: DocumentRecord, at now: Timestamp, allowance: PatchAllowance) throws -> [UInt8] {
    switch self {
    case .merge(let patch): return try Self.merge(patch, onto: document.body)
    case .operations(let patch):
      do {
        // Our own fields are there to be tested; what the patch makes of the whole document may name them, and they are ignored then.
        let changed = try Self.object(patch.applied(to: document.json(), allowance: allowance))
        return try Self.checked(JSONText.removingMembers(DocumentRecord.reservedFields, from: changed))
      } catch let error as JSONPatchError {
        throw RoostError(error)
      }
    case .update(let update):
      do {
        return try Self.checked(update.applied(to: document.body, now: now.text, allowance: allowance))
      } catch let error as JSONPatchError {
        throw RoostError(error)
      }
    }
  }

  /// RFC 7396, compact. Throws `invalid_json`.
  package static func merge(_ patch: [UInt8], onto body: [UInt8]) throws -> [UInt8] {
    do {
      return try JSONText.compact(JSONText.mergePatch(patch, onto: body))
    } catch {
      throw RoostError(.invalidJSON, "The merge patch does not fit: \(error.message)")
    }
  }

  private static func object(_ text: [UInt8]) throws -> [UInt8] {
    guard text.first == UInt8(ascii: "{") else {
      throw RoostError(.validationFailed, "The patch would make the document something else than an object.")
    }
    return text
  }

  /// A value that is put deep into a document can make it too deep.
  private static func checked(_ body: [UInt8]) throws -> [UInt8] {
    try DocumentBody.requireTotalSize(body)
    do {
      try JSONText.validateObject(body, depthMax: Limits.jsonDepthMax)
    } catch {
      throw RoostError(.validationFailed, "The patch would make a document that is not valid: \(error.message).")
    }
    return body
  }
}

extension RoostError {
  /// RFC 5789, section 2.2: what does not fit the document as it is now is a conflict (409); what is wrong in itself is 422.
  init(_ error: JSONPatchError) {
    let code: ErrorCode =
      switch error.kind {
      case .malformed: .validationFailed
      case .misfit: .conflict
      case .excessive: .payloadTooLarge
      }
    self.init(code, error.message, fields: [FieldError(error.pointer, error.message)])
  }
}
