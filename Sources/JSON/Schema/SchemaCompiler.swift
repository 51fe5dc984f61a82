/// From a schema's text to its nodes, in two passes: the first finds all schemas within the schema with their `$id`s and anchors,
/// the second compiles each and resolves its references. A reference to a place that the first pass did not take for a schema
/// (under an unknown keyword) adds what is there.
struct SchemaCompiler {
  /// One schema within the schema; its index in `places` is its node's place.
  struct Place {
    let value: JSONValue
    let pointer: String
    let resource: Int
    let depth: Int
  }

  /// A schema with its own URI.
  struct Resource {
    let uri: SchemaURI
    let root: Int
    let pointer: String
    var anchors: [String: Int] = [:]
    var dynamicAnchors: Set<String> = []
  }

  let patterns: JSONSchemaPatterns
  private(set) var root: JSONValue = .null
  private(set) var places: [Place] = []
  private(set) var placeByPointer: [String: Int] = [:]
  var resources: [Resource] = []
  var resourceByURI: [String: Int] = [:]
  var problems: [JSONSchemaFailure] = []
  /// Dynamic names in the order of their numbers.
  var dynamicNames: [String: Int] = [:]
  private var pointerBytes = 0
  private var isTooLarge = false

  init(patterns: @escaping JSONSchemaPatterns) { self.patterns = patterns }

  mutating func compile(_ schema: JSONValue) throws(JSONSchemaError) -> ([SchemaNode], [[Int: Int]]) {
    root = schema
    // What relative references are resolved against where the schema has no `$id` of its own.
    add(schema, at: "", in: nil, base: SchemaURI("schema:///"), depth: 1)
    var nodes: [SchemaNode] = []
    while nodes.count < places.count, !isTooLarge, problems.count < SchemaLimits.problemsMax { nodes.append(node(of: nodes.count)) }
    var anchors = Array(repeating: [Int: Int](), count: dynamicNames.count)
    for (name, number) in dynamicNames {
      for (place, resource) in resources.enumerated() where resource.dynamicAnchors.contains(name) {
        anchors[number][place] = resource.anchors[name]
      }
    }
    if problems.isEmpty { findCircles(nodes, anchors) }
    guard problems.isEmpty else { throw JSONSchemaError(Array(problems.prefix(SchemaLimits.problemsMax))) }
    return (nodes, anchors)
  }

  mutating func problem(_ pointer: String, _ message: String) { problems.append(JSONSchemaFailure(pointer: pointer, message: message)) }

  // MARK: Finding the schemas

  /// Adds a schema and those within it. `resource` is nil for the whole.
  @discardableResult
  private mutating func add(_ value: JSONValue, at pointer: String, in resource: Int?, base: SchemaURI, depth: Int) -> Int? {
    if let known = placeByPointer[pointer] { return known }
    guard !isTooLarge else { return nil }
    pointerBytes += pointer.utf8.count
    guard places.count < SchemaLimits.nodesMax, pointerBytes <= SchemaLimits.pointerBytesMax, depth <= SchemaLimits.depthMax else {
      isTooLarge = true
      problem("", "expected at most \(SchemaLimits.nodesMax) schemas within the schema, at most \(SchemaLimits.depthMax) deep, with short names")
      return nil
    }
    let place = places.count
    var resource = resource
    if let own = ownResource(of: value, at: pointer, root: place, isRoot: resource == nil, base: base) { resource = own }
    places.append(Place(value: value, pointer: pointer, resource: resource ?? 0, depth: depth))
    placeByPointer[pointer] = place
    switch value {
    case .bool: break
    case .object(let object):
      addAnchors(of: object, at: pointer, place, in: resource ?? 0)
      for member in object.members { addSchemas(of: member, at: pointer, in: resource ?? 0, depth: depth + 1) }
    default: problem(pointer, "expected a schema (an object, true or false), found \(SchemaText.found(value))")
    }
    return place
  }

  private mutating func addSchemas(of member: JSONObject.Member, at pointer: String, in resource: Int, depth: Int) {
    guard let kind = SchemaKeywords.holdingSchemas[member.key] else { return }
    let base = resources[resource].uri
    let inner = pointer + "/" + member.key
    switch (kind, member.value) {
    case (.one, let value):
      if member.key == "items", case .array = value {
        problem(inner, "expected a schema, found an array; since 2020-12 the schemas of the first items are the array prefixItems")
        return
      }
      add(value, at: inner, in: resource, base: base, depth: depth)
    case (.list, .array(let elements)) where !elements.isEmpty:
      for (index, element) in elements.enumerated() { add(element, at: "\(inner)/\(index)", in: resource, base: base, depth: depth) }
    case (.list, let value): problem(inner, "expected an array of at least one schema, found \(SchemaText.found(value))")
    case (.named, .object(let object)):
      for entry in object.members { add(entry.value, at: inner + "/" + JSONPointer.escaped(entry.key), in: resource, base: base, depth: depth) }
    case (.named, let value): problem(inner, "expected an object of schemas, found \(SchemaText.found(value))")
    }
  }

  /// The resource that a schema with `$id`, or the whole, opens.
  private mutating func ownResource(of value: JSONValue, at pointer: String, root: Int, isRoot: Bool, base: SchemaURI) -> Int? {
    var uri = base
    if let id = value["$id"] {
      guard let text = id.stringValue, (SchemaURI(text).fragment ?? "").isEmpty else {
        problem(pointer + "/$id", "expected a URI reference without a fragment, found \(SchemaText.found(id))")
        return isRoot ? openResource(base, root, pointer) : nil
      }
      uri = SchemaURI(text).resolved(against: base)
    } else if !isRoot {
      return nil
    }
    if resourceByURI[uri.text] != nil {
      problem(pointer + "/$id", "expected each $id once, found \(SchemaText.quoted(uri.text)) again")
      return nil
    }
    return openResource(uri, root, pointer)
  }

  private mutating func openResource(_ uri: SchemaURI, _ root: Int, _ pointer: String) -> Int {
    resources.append(Resource(uri: uri, root: root, pointer: pointer))
    resourceByURI[uri.text] = resources.count - 1
    return resources.count - 1
  }

  private mutating func addAnchors(of object: JSONObject, at pointer: String, _ place: Int, in resource: Int) {
    for keyword in ["$anchor", "$dynamicAnchor"] {
      guard let value = object[keyword] else { continue }
      guard let name = value.stringValue, SchemaKeywords.isAnchor(name) else {
        problem(
          "\(pointer)/\(keyword)", "expected a name of letters, digits, '-', '_' and '.' that starts with a letter or '_', found \(SchemaText.found(value))")
        continue
      }
      if let other = resources[resource].anchors[name], other != place {
        problem("\(pointer)/\(keyword)", "expected each anchor once in a schema resource, found \(SchemaText.quoted(name)) again")
      }
      resources[resource].anchors[name] = place
      if keyword == "$dynamicAnchor" {
        resources[resource].dynamicAnchors.insert(name)
        if dynamicNames[name] == nil { dynamicNames[name] = dynamicNames.count }
      }
    }
  }

  // MARK: References

  /// The place that a reference leads to; nil, with a problem, where it leads nowhere.
  mutating func target(of reference: String, from place: Int, at pointer: String) -> Int? {
    let uri = SchemaURI(reference).resolved(against: resources[places[place].resource].uri)
    guard let resource = resourceByURI[uri.text] else {
      problem(pointer, "expected a reference to a place within this schema, found \(SchemaText.quoted(reference)), which leads outside")
      return nil
    }
    guard let fragment = uri.decodedFragment else {
      problem(pointer, "expected a fragment with valid percent-encoding, found \(SchemaText.quoted(reference))")
      return nil
    }
    if fragment.isEmpty { return resources[resource].root }
    guard fragment.utf8.first == UInt8(ascii: "/") else {
      if let anchor = resources[resource].anchors[fragment] { return anchor }
      problem(pointer, "expected a reference to an anchor of this schema, found \(SchemaText.quoted(reference)), which leads nowhere")
      return nil
    }
    return target(ofPointer: fragment, in: resource) ?? nowhere(pointer, reference)
  }

  private mutating func nowhere(_ pointer: String, _ reference: String) -> Int? {
    problem(pointer, "expected a reference to a place within this schema, found \(SchemaText.quoted(reference)), which leads nowhere")
    return nil
  }

  private mutating func target(ofPointer fragment: String, in resource: Int) -> Int? {
    guard let tokens = JSONPointer.tokens(fragment) else { return nil }
    // The innermost known schema on the way says in which resource a new one lies.
    var inner = places[resources[resource].root]
    var value = inner.value
    var pointer = resources[resource].pointer
    for token in tokens {
      let next: JSONValue? =
        switch value {
        case .object(let object): object[token]
        case .array(let elements): JSONPointer.index(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        default: nil
        }
      guard let next else { return nil }
      value = next
      pointer += "/" + JSONPointer.escaped(token)
      if let known = placeByPointer[pointer] { inner = places[known] }
    }
    return add(value, at: pointer, in: inner.resource, base: resources[inner.resource].uri, depth: inner.depth + 1)
  }

  // MARK: Circles

  /// A circle of schemas that all apply to the same value would never end.
  private mutating func findCircles(_ nodes: [SchemaNode], _ anchors: [[Int: Int]]) {
    enum Mark { case new, open, done }
    func followers(_ place: Int) -> ArraySlice<Int> {
      let dependents = nodes[place].object?.dependentSchemas.map(\.1) ?? []
      return
        (nodes[place].applicators.flatMap { applicator in
          // Where there is a choice it depends on the dynamic scope; then `nestingMax` ends a circle.
          if case .dynamicReference(let name, let target) = applicator { return anchors[name].count == 1 ? [target] : [] }
          return applicator.nodes
        } + dependents)[...]
    }
    var marks = Array(repeating: Mark.new, count: nodes.count)
    for start in nodes.indices where marks[start] == .new {
      var stack: [(node: Int, rest: ArraySlice<Int>)] = [(start, followers(start))]
      marks[start] = .open
      while let top = stack.last {
        guard let next = top.rest.first else {
          marks[top.node] = .done
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].rest.removeFirst()
        switch marks[next] {
        case .done: break
        case .open:
          problem(nodes[top.node].pointer, "expected references that come to an end, found a circle back to \(SchemaText.quoted("#" + nodes[next].pointer))")
          return
        case .new:
          marks[next] = .open
          stack.append((next, followers(next)))
        }
      }
    }
  }
}
