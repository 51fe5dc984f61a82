import Core
import JSON

/// A `roost.yaml`: the collections of an app and the cases that their rules must decide as expected. Other parts of the app
/// (`buckets`, `functions`) may stand in it and are not looked at.
package struct AppFile: Sendable {
  package let collections: [String: CollectionConfiguration]
  package let tests: [RuleTest]

  /// Throws the first mistake and where it stands.
  package init(_ bytes: [UInt8]) throws(AppFileError) {
    let root = try YAMLDocument.value(of: bytes)
    guard !root.isNull else { throw AppFileError(line: nil, "the file is empty") }
    var reader = try PlacedReader(root, "the file")
    collections = try Self.collections(reader.value("collections"))
    tests = try Self.tests(reader.value("tests"), of: collections)
    for other in ["buckets", "functions"] { _ = reader.any(other) }
    try reader.refuseUnknown()
  }

  private static func collections(_ value: PlacedValue?) throws(AppFileError) -> [String: CollectionConfiguration] {
    guard let value else { return [:] }
    guard let members = value.members else {
      throw AppFileError(line: value.line, "'collections' is \(value.kind); expected an object, configurations by the collection's name")
    }
    var collections: [String: CollectionConfiguration] = [:]
    for member in members {
      do {
        let configuration = member.value.isNull ? .object([:]) : member.value.json
        collections[member.key] = try CollectionConfiguration(name: member.key, value: configuration)
      } catch let error as RoostError {
        throw AppFileError(error, of: member)
      } catch {
        throw AppFileError(line: member.line, "collection '\(member.key)': \(error)")
      }
    }
    for member in members {
      for place in collections[member.key]?.lookedUp ?? [] where !isKnown(place.collection, in: collections) {
        throw AppFileError(
          line: member.value.line(at: place.pointer),
          "collection '\(member.key)': \(place.pointer) looks into '\(place.collection)', which is no collection of this file")
      }
    }
    return collections
  }

  private static func isKnown(_ collection: String, in collections: [String: CollectionConfiguration]) -> Bool {
    collections[collection] != nil || collection == Collection.users
  }

  private static func tests(_ value: PlacedValue?, of collections: [String: CollectionConfiguration]) throws(AppFileError) -> [RuleTest] {
    guard let value else { return [] }
    guard let elements = value.elements else { throw AppFileError(line: value.line, "'tests' is \(value.kind); expected a list") }
    var tests: [RuleTest] = []
    for (position, element) in elements.enumerated() {
      let test = try RuleTest(element, number: position + 1)
      guard collections[test.collection] != nil else {
        let names = collections.keys.sorted().joined(separator: ", ")
        throw AppFileError(
          line: element.line(at: "/collection"),
          "test '\(test.name)': there is no collection '\(test.collection)' in this file\(names.isEmpty ? "" : "; there are \(names)")")
      }
      for (name, _) in test.documents where !isKnown(name, in: collections) {
        throw AppFileError(
          line: element.line(at: "/documents/\(name)"), "test '\(test.name)': 'documents' has '\(name)', which is no collection of this file")
      }
      if let twin = tests.first(where: { $0.name == test.name && $0.collection == test.collection }) {
        throw AppFileError(line: test.line, "test '\(test.name)' has the name of the one in line \(twin.line)")
      }
      tests.append(test)
    }
    return tests
  }
}

extension AppFileError {
  /// A configuration that the server would refuse, at the line of the part that is wrong.
  fileprivate init(_ error: RoostError, of member: PlacedValue.Member) {
    guard let field = error.fields.first else {
      self.init(line: member.line, "collection '\(member.key)': \(error.message)")
      return
    }
    let line = field.pointer.isEmpty ? member.line : member.value.line(at: field.pointer)
    let place = field.pointer.isEmpty ? "" : "\(field.pointer.dropFirst().replacing("/", with: ".")): "
    self.init(line: line, "collection '\(member.key)': \(place)\(field.detail)")
  }
}
