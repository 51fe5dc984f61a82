extension SchemaRun {
  // MARK: Objects

  mutating func checkObject(_ rules: SchemaObjectRules, _ object: JSONObject, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    guard charge(object.count >> 2 + rules.dependentCount) else { return false }
    var isValid = true
    if object.count < rules.countMin {
      isValid = fail("expected at least \(SchemaText.count(rules.countMin, "member")), found \(object.count)")
    }
    if let most = rules.countMax, object.count > most {
      isValid = fail("expected at most \(SchemaText.count(most, "member")), found \(object.count)")
    }
    if !checkMembers(rules, object, evaluated) { isValid = false }
    if !isValid, isOver { return false }
    for (name, required) in rules.dependentRequired where object.contains(name) {
      for other in required where !object.contains(other) {
        isValid = fail(member: other, "expected a value, which is required where \(SchemaText.quoted(name)) is there, found nothing")
        if isOver { return false }
      }
    }
    for (name, place) in rules.dependentSchemas where object.contains(name) && !check(place, value, evaluated) {
      isValid = false
      if isOver { return false }
    }
    return isValid
  }

  private mutating func checkMembers(_ rules: SchemaObjectRules, _ object: JSONObject, _ evaluated: SchemaEvaluated?) -> Bool {
    var isValid = true
    var requiredLeft = rules.requiredCount
    for (index, member) in object.members.enumerated() {
      var isKnown = false
      if let place = rules.properties.find(member.key) {
        let entry = rules.properties.entries[place]
        if entry.isRequired { requiredLeft -= 1 }
        if let node = entry.node {
          isKnown = true
          if !check(node, member: member.value, named: member.key) { isValid = false }
        }
      }
      for (pattern, node) in rules.patterns where matches(pattern, member.key) {
        isKnown = true
        if !check(node, member: member.value, named: member.key) { isValid = false }
      }
      if !isKnown, let additional = rules.additional {
        isKnown = true
        if !checkRest(additional, member, "named in the schema") { isValid = false }
      }
      if isKnown { evaluated?.mark(index) }
      if let names = rules.names, !check(names, member: .string(member.key), named: member.key) { isValid = false }
      if !isValid, isOver { return false }
    }
    guard requiredLeft > 0 else { return isValid }
    guard charge(rules.properties.entries.count >> 2) else { return false }
    for entry in rules.properties.entries where entry.isRequired && !object.contains(entry.name) {
      isValid = fail(member: entry.name, "expected a value, which is required, found nothing")
      if isOver { return false }
    }
    return isValid
  }

  private mutating func checkRest(_ place: Int, _ member: JSONObject.Member, _ known: String) -> Bool {
    if isFalse(place) { return fail(member: member.key, "expected only members \(known), found \(SchemaText.quoted(member.key))") }
    return check(place, member: member.value, named: member.key)
  }

  mutating func checkUnevaluated(_ place: Int, members object: JSONObject, _ evaluated: SchemaEvaluated) -> Bool {
    guard charge(object.count >> 3) else { return false }
    var isValid = true
    for (index, member) in object.members.enumerated() where !evaluated.flags[index] && !checkRest(place, member, "that a schema evaluates") {
      isValid = false
      if isOver { return false }
    }
    return isValid
  }

  // MARK: Arrays

  mutating func checkArray(_ rules: SchemaArrayRules, _ elements: [JSONValue], _ evaluated: SchemaEvaluated?) -> Bool {
    guard charge(elements.count >> 2) else { return false }
    var isValid = true
    if elements.count < rules.countMin {
      isValid = fail("expected at least \(SchemaText.count(rules.countMin, "element")), found \(elements.count)")
    }
    if let most = rules.countMax, elements.count > most {
      isValid = fail("expected at most \(SchemaText.count(most, "element")), found \(elements.count)")
    }
    for index in 0..<min(rules.prefix.count, elements.count) {
      evaluated?.mark(index)
      if !check(rules.prefix[index], element: elements[index], at: index) { isValid = false }
      if !isValid, isOver { return false }
    }
    if let items = rules.items, elements.count > rules.prefix.count {
      evaluated?.markAll()
      for index in rules.prefix.count..<elements.count where !check(items, element: elements[index], at: index) {
        isValid = false
        if isOver { return false }
      }
    }
    if rules.isUnique, !checkUnique(elements) { isValid = false }
    if !isValid, isOver { return false }
    if let contains = rules.contains, !checkContains(contains, rules, elements, evaluated) { isValid = false }
    return isValid
  }

  private mutating func checkUnique(_ elements: [JSONValue]) -> Bool {
    guard elements.count > 1 else { return true }
    guard charge(elements.reduce(0) { $0 + SchemaEquality.weight($1) }) else { return false }
    var places: [SchemaEquality: Int] = [:]
    for (index, element) in elements.enumerated() {
      guard let first = places.updateValue(index, forKey: SchemaEquality(value: element)) else { continue }
      return fail("expected elements that all differ, found \(SchemaText.short(element)) at \(first) and \(index)")
    }
    return true
  }

  private mutating func checkContains(
    _ place: Int, _ rules: SchemaArrayRules, _ elements: [JSONValue], _ evaluated: SchemaEvaluated?
  ) -> Bool {
    var count = 0
    for (index, element) in elements.enumerated() where fits(place, element, nil) {
      count += 1
      evaluated?.mark(index)
      if let most = rules.containsMax, count > most {
        return fail("expected at most \(SchemaText.count(most, "element")) that \(most == 1 ? "fits" : "fit") the schema of contains, found more")
      }
      // Without a tracker or an upper limit, enough is enough.
      if evaluated == nil, rules.containsMax == nil, count >= rules.containsMin { return true }
    }
    return count >= rules.containsMin
      || fail(
        "expected at least \(SchemaText.count(rules.containsMin, "element")) that \(rules.containsMin == 1 ? "fits" : "fit") the schema of contains, found \(count)"
      )
  }

  mutating func checkUnevaluated(_ place: Int, elements: [JSONValue], _ evaluated: SchemaEvaluated) -> Bool {
    guard charge(elements.count >> 3) else { return false }
    var isValid = true
    for (index, element) in elements.enumerated() where !evaluated.flags[index] && !check(place, element: element, at: index) {
      isValid = false
      if isOver { return false }
    }
    return isValid
  }
}
