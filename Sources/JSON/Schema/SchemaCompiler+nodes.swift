extension SchemaCompiler {
  /// Compiles the schema at a place; what is wrong with it becomes problems.
  mutating func node(of place: Int) -> SchemaNode {
    let here = places[place]
    guard case .object(let object) = here.value else {
      let isTrue = here.value.boolValue ?? true
      return SchemaNode(pointer: here.pointer, resource: here.resource, types: isTrue ? .all : .none)
    }
    var reader = SchemaReader(object: object, pointer: here.pointer)
    checkAnnotations(&reader)
    let node = SchemaNode(
      pointer: here.pointer, resource: here.resource, types: reader.types(), number: numberRules(&reader), string: stringRules(&reader),
      array: arrayRules(&reader), object: objectRules(&reader), values: reader.values(), applicators: applicators(&reader, of: place),
      unevaluatedItems: child(&reader, "unevaluatedItems"), unevaluatedProperties: child(&reader, "unevaluatedProperties"),
      fallback: object["default"])
    problems += reader.problems
    return node
  }

  /// The place of the schema that a keyword holds.
  private func child(_ reader: inout SchemaReader, _ keyword: String) -> Int? {
    reader.object[keyword] == nil ? nil : placeByPointer[reader.pointer + "/" + keyword]
  }

  private func children(_ reader: inout SchemaReader, _ keyword: String) -> [Int] {
    guard case .array(let elements) = reader.object[keyword] else { return [] }
    return elements.indices.compactMap { placeByPointer["\(reader.pointer)/\(keyword)/\($0)"] }
  }

  private func namedChildren(_ reader: inout SchemaReader, _ keyword: String) -> [(String, Int)] {
    guard case .object(let object) = reader.object[keyword] else { return [] }
    return object.keys.compactMap { name in
      placeByPointer["\(reader.pointer)/\(keyword)/\(JSONPointer.escaped(name))"].map { (name, $0) }
    }
  }

  private func checkAnnotations(_ reader: inout SchemaReader) {
    if let dialect = reader.string("$schema"), dialect != SchemaKeywords.dialect, dialect != SchemaKeywords.dialect + "#" {
      reader.problem("$schema", "expected \"\(SchemaKeywords.dialect)\", found \(SchemaText.quoted(dialect))")
    }
    if reader.object["dependencies"] != nil {
      // Not ignored as other unknown keywords are: whoever writes it means it to hold.
      reader.problem("dependencies", "expected dependentRequired or dependentSchemas, which replace it since 2019-09")
    }
    for keyword in ["$comment", "title", "description", "contentEncoding", "contentMediaType"] { _ = reader.string(keyword) }
    for keyword in ["deprecated", "readOnly", "writeOnly"] { _ = reader.flag(keyword) }
  }

  // MARK: By the value's type

  private func numberRules(_ reader: inout SchemaReader) -> SchemaNumberRules? {
    let rules = SchemaNumberRules(
      minimum: reader.number("minimum"), maximum: reader.number("maximum"), exclusiveMinimum: reader.number("exclusiveMinimum"),
      exclusiveMaximum: reader.number("exclusiveMaximum"), multipleOf: reader.number("multipleOf"))
    if let divisor = rules.multipleOf, !SchemaNumber.isLess(.int(0), divisor) {
      reader.problem("multipleOf", "expected a number greater than 0, found \(SchemaText.found(divisor))")
    }
    let isEmpty = rules.minimum == nil && rules.maximum == nil && rules.exclusiveMinimum == nil && rules.exclusiveMaximum == nil
    return isEmpty && rules.multipleOf == nil ? nil : rules
  }

  private func stringRules(_ reader: inout SchemaReader) -> SchemaStringRules? {
    let rules = SchemaStringRules(
      lengthMin: reader.count("minLength") ?? 0, lengthMax: reader.count("maxLength"),
      pattern: reader.string("pattern").flatMap { pattern($0, &reader, "pattern") },
      format: reader.string("format").flatMap(SchemaFormat.init(rawValue:)))
    return rules.lengthMin == 0 && rules.lengthMax == nil && rules.pattern == nil && rules.format == nil ? nil : rules
  }

  private func pattern(_ text: String, _ reader: inout SchemaReader, _ keyword: String) -> SchemaPattern? {
    guard text.utf8.count <= SchemaLimits.patternBytesMax else {
      reader.problem(keyword, "expected a pattern of at most \(SchemaLimits.patternBytesMax) bytes, found one of \(text.utf8.count)")
      return nil
    }
    do {
      return try SchemaPattern(text, patterns)
    } catch {
      reader.problem(keyword, "expected a regular expression, found \(SchemaText.quoted(text)): \(error)")
      return nil
    }
  }

  private func arrayRules(_ reader: inout SchemaReader) -> SchemaArrayRules? {
    let rules = SchemaArrayRules(
      countMin: reader.count("minItems") ?? 0, countMax: reader.count("maxItems"), isUnique: reader.flag("uniqueItems"),
      prefix: children(&reader, "prefixItems"), items: child(&reader, "items"), contains: child(&reader, "contains"),
      containsMin: reader.count("minContains") ?? 1, containsMax: reader.count("maxContains"))
    let isEmpty = rules.countMin == 0 && rules.countMax == nil && !rules.isUnique
    return isEmpty && rules.prefix.isEmpty && rules.items == nil && rules.contains == nil ? nil : rules
  }

  private func objectRules(_ reader: inout SchemaReader) -> SchemaObjectRules? {
    let patterns = namedChildren(&reader, "patternProperties").compactMap { text, node in
      pattern(text, &reader, "patternProperties/" + JSONPointer.escaped(text)).map { (pattern: $0, node: node) }
    }
    let required = reader.names("required")
    let properties = namedChildren(&reader, "properties")
    let requiredNames = Set(required.map { SchemaEquality(value: .string($0)) })
    let propertyNames = Set(properties.map { SchemaEquality(value: .string($0.0)) })
    let entries =
      properties.map { name, node in
        SchemaProperties.Entry(name: name, node: node, isRequired: requiredNames.contains(SchemaEquality(value: .string(name))))
      }
      + required.filter { !propertyNames.contains(SchemaEquality(value: .string($0))) }.map {
        SchemaProperties.Entry(name: $0, node: nil, isRequired: true)
      }
    let rules = SchemaObjectRules(
      properties: SchemaProperties(entries), patterns: patterns, additional: child(&reader, "additionalProperties"),
      names: child(&reader, "propertyNames"), countMin: reader.count("minProperties") ?? 0, countMax: reader.count("maxProperties"),
      dependentRequired: reader.namesByName("dependentRequired"), dependentSchemas: namedChildren(&reader, "dependentSchemas"))
    let isEmpty = entries.isEmpty && patterns.isEmpty && rules.additional == nil && rules.names == nil && rules.countMin == 0
    return isEmpty && rules.countMax == nil && rules.dependentRequired.isEmpty && rules.dependentSchemas.isEmpty ? nil : rules
  }

  // MARK: On the same value

  private mutating func applicators(_ reader: inout SchemaReader, of place: Int) -> [SchemaApplicator] {
    var result: [SchemaApplicator] = []
    if let reference = reader.string("$ref"), let target = target(of: reference, from: place, at: reader.pointer + "/$ref") {
      result.append(.reference(target))
    }
    if let reference = reader.string("$dynamicRef"), let target = target(of: reference, from: place, at: reader.pointer + "/$dynamicRef") {
      result.append(dynamicReference(reference, to: target))
    }
    let all = children(&reader, "allOf")
    let any = children(&reader, "anyOf")
    let one = children(&reader, "oneOf")
    if !all.isEmpty { result.append(.all(all)) }
    if !any.isEmpty { result.append(.any(any)) }
    if !one.isEmpty { result.append(.one(one)) }
    if let not = child(&reader, "not") { result.append(.not(not)) }
    if let condition = child(&reader, "if") {
      result.append(.conditional(condition, then: child(&reader, "then"), otherwise: child(&reader, "else")))
    }
    return result
  }

  /// Core section 8.2.3.2: only where the first target was made by `$dynamicAnchor` does the dynamic scope count.
  private func dynamicReference(_ reference: String, to target: Int) -> SchemaApplicator {
    let resource = resources[places[target].resource]
    guard let name = SchemaURI(reference).decodedFragment, resource.dynamicAnchors.contains(name), resource.anchors[name] == target,
      let number = dynamicNames[name]
    else { return .reference(target) }
    return .dynamicReference(number, otherwise: target)
  }
}
