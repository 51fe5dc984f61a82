extension SchemaRun {
  mutating func checkValues(_ values: SchemaValues, _ value: JSONValue) -> Bool {
    var isValid = true
    guard charge(SchemaEquality.weight(value)) else { return false }
    for choice in values.choices where !choice.values.contains(SchemaEquality(value: value)) {
      isValid = fail("expected \(choice.text), found \(SchemaText.found(value))")
    }
    return isValid
  }

  mutating func checkNumber(_ rules: SchemaNumberRules, _ value: JSONValue) -> Bool {
    var isValid = true
    if let limit = rules.minimum, SchemaNumber.isLess(value, limit) {
      isValid = fail("expected a number of at least \(SchemaText.short(limit)), found \(SchemaText.short(value))")
    }
    if let limit = rules.maximum, SchemaNumber.isLess(limit, value) {
      isValid = fail("expected a number of at most \(SchemaText.short(limit)), found \(SchemaText.short(value))")
    }
    if let limit = rules.exclusiveMinimum, !SchemaNumber.isLess(limit, value) {
      isValid = fail("expected a number greater than \(SchemaText.short(limit)), found \(SchemaText.short(value))")
    }
    if let limit = rules.exclusiveMaximum, !SchemaNumber.isLess(value, limit) {
      isValid = fail("expected a number less than \(SchemaText.short(limit)), found \(SchemaText.short(value))")
    }
    if let divisor = rules.multipleOf, !SchemaNumber.isMultiple(value, of: divisor) {
      isValid = fail("expected a multiple of \(SchemaText.short(divisor)), found \(SchemaText.short(value))")
    }
    return isValid
  }

  mutating func checkString(_ rules: SchemaStringRules, _ text: String) -> Bool {
    let bytes = text.utf8.count
    guard charge(bytes >> 4) else { return false }
    var isValid = true
    // A code point takes one to four bytes, so most texts need not be counted.
    if bytes < rules.lengthMin || bytes >> 2 < rules.lengthMin || bytes > rules.lengthMax ?? Int.max {
      let count = text.withUTF8Bytes { $0.count { $0 & 0xC0 != 0x80 } }
      if count < rules.lengthMin {
        isValid = fail("expected at least \(SchemaText.count(rules.lengthMin, "character")), found \(count)")
      }
      if let most = rules.lengthMax, count > most {
        isValid = fail("expected at most \(SchemaText.count(most, "character")), found \(count)")
      }
    }
    if let pattern = rules.pattern, !matches(pattern, text) {
      isValid = fail("expected a text that matches the pattern \(SchemaText.quoted(pattern.text)), found \(SchemaText.quoted(text))")
    }
    if let format = rules.format {
      guard charge(bytes >> 2) else { return false }
      if !format.accepts(text) { isValid = fail("expected \(format.description), found \(SchemaText.quoted(text))") }
    }
    return isValid
  }

  mutating func matches(_ pattern: SchemaPattern, _ text: String) -> Bool {
    // Few patterns have all their characters tried at each place.
    let bytes = text.utf8.count
    guard charge(4 + bytes >> 1 + bytes * pattern.size >> 6) else { return false }
    return pattern.isFound(text) ?? giveUp("expected a text that the pattern \(SchemaText.quoted(pattern.text)) can be tried on in time, found a longer one")
  }
}
