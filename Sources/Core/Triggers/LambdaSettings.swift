import JSON

/// What a function of the `lambda` runtime says besides: which handler of which file, and in which language its source is written.
package struct LambdaSettings: Sendable {
  package enum Language: String, Sendable, CaseIterable {
    case python, node
    /// The source is the runtime itself: an executable named `bootstrap`.
    case custom
  }

  package static let handlerDefault = "main.handler"

  /// `file.function`, as AWS has it: `main.handler`, `src/main.handler`; for Python the packages may have dots, `app.main.handler`.
  package let handler: String
  /// `nil` for an archive, whose files tell.
  package let language: Language?

  /// Throws `validation_failed`.
  init(_ reader: inout ConfigurationReader, source: String) throws {
    let handler = try reader.string("handler") ?? Self.handlerDefault
    let parts = handler.split(separator: ".", omittingEmptySubsequences: false)
    let folders = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2, !parts.contains(""), !folders.contains(""), handler.utf8.count <= 128,
      handler.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"\\\"'$`*?".utf8.contains($0) })
    else {
      throw RoostError(.validationFailed, "A handler is a file and a function.", fields: [FieldError("/handler", "expected like \"main.handler\"")])
    }
    self.handler = handler
    let stated = try reader.string("language")
    if source.isEmpty, stated == nil {
      language = nil
      return
    }
    guard let language = stated.map(Language.init(rawValue:)) ?? (source.hasPrefix("#!") ? .custom : nil) else {
      throw RoostError(
        .validationFailed, "The source of a Lambda function has a language.", fields: [FieldError("/language", "expected \"python\", \"node\" or \"custom\"")])
    }
    guard !source.utf8.contains(0) else {
      throw RoostError(.validationFailed, "A source is text.", fields: [FieldError("/source", "expected no NUL")])
    }
    self.language = language
  }

  /// Where the source goes, in the function's folder.
  package var file: String? {
    switch language {
    case .python: Self.pythonFile(of: handler)
    case .node: handler.prefix { $0 != "." } + ".js"
    case .custom: "bootstrap"
    case nil: nil
    }
  }

  /// The file of a handler in Python: what stands before the last dot is the module.
  package static func pythonFile(of handler: String) -> String { handler.split(separator: ".").dropLast().joined(separator: "/") + ".py" }
}
