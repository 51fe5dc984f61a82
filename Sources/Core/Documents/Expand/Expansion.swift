/// The references of a request's `expand`, resolved for one caller: `author,comments.author`.
package struct Expansion: Sendable {
  /// A field whose ids are followed, and what is followed further in the documents found.
  struct Branch: Sendable {
    /// As callers name it: the field's path.
    let name: String
    let reference: DocumentReference
    /// The caller's view of the target; nil if that collection is no more.
    let target: DocumentAccess?
    fileprivate(set) var branches: [Branch]
  }

  let branches: [Branch]

  /// Whether each path leads to one document at most, so that few are read.
  package var isBrief: Bool { Self.allSingle(branches) }

  /// - Parameter access: this caller's view of another collection.
  /// Throws `bad_request` for what cannot be read, `validation_failed` for a field that refers to no collection.
  package init(parsing text: String, of collection: Collection, access: (_ collection: String) -> DocumentAccess?) throws {
    let paths = text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
    guard paths.count <= Limits.expandPathsMax, paths.allSatisfy({ !$0.contains("") && $0.count <= 16 }) else {
      throw RoostError(.badRequest, "`expand` is not understood: expected up to \(Limits.expandPathsMax) paths like `author,comments.author`.")
    }
    var branches: [Branch] = []
    for path in paths { try Self.add(path[...], level: 1, of: collection, to: &branches, access) }
    self.branches = branches
  }

  private static func add(
    _ path: ArraySlice<String>, level: Int, of collection: Collection, to branches: inout [Branch], _ access: (String) -> DocumentAccess?
  ) throws {
    guard !path.isEmpty else { return }
    guard let reference = collection.schema?.references.first(where: { path.starts(with: $0.path) }) else {
      throw refused("'\(path.joined(separator: ".").prefix(80))' of '\(collection.name)' refers to no collection. Declare it in the schema.")
    }
    guard level <= Limits.expandLevelsMax else {
      throw refused("`expand` follows at most \(Limits.expandLevelsMax) references one after the other.")
    }
    let name = reference.path.joined(separator: ".")
    let place: Int
    if let known = branches.firstIndex(where: { $0.name == name }) {
      place = known
    } else {
      place = branches.count
      branches.append(Branch(name: name, reference: reference, target: access(reference.collection), branches: []))
    }
    let rest = path.dropFirst(reference.path.count)
    if let target = branches[place].target { try add(rest, level: level + 1, of: target.collection, to: &branches[place].branches, access) }
  }

  private static func refused(_ message: String) -> RoostError {
    RoostError(.validationFailed, message, fields: [FieldError("/expand", #"expected a field with "x-collection" in the schema"#)])
  }

  private static func allSingle(_ branches: [Branch]) -> Bool { branches.allSatisfy { !$0.reference.isList && allSingle($0.branches) } }
}
