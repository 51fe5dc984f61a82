import CEL

/// One caller's view of one bucket.
package struct FileAccess: Sendable {
  package let bucket: Bucket
  package let caller: Caller
  package let variables: RuleVariables

  package init(bucket: Bucket, caller: Caller, variables: RuleVariables) {
    self.bucket = bucket
    self.caller = caller
    self.variables = variables
  }

  private var rules: BucketConfiguration { bucket.configuration }

  /// Whether some rule reads documents, so that it needs a connection.
  package var looksUp: Bool { !caller.passesRules && (rules.read.looksUp || rules.write.looksUp || rules.delete.looksUp) }

  /// Whether the caller sees every file, so that nothing has to be asked of each.
  package var seesEverything: Bool { caller.passesRules || rules.read.isPublic }

  /// For lists: what decides about each file, or nil where the caller sees all.
  package var visibility: (@Sendable (StoredFile, RuleLookups) throws -> Bool)? {
    guard !seesEverything else { return nil }
    return { (file: StoredFile, lookups: RuleLookups) in try canRead(file, lookups) }
  }

  package func canRead(_ file: StoredFile, _ lookups: RuleLookups?) throws -> Bool {
    try seesEverything || allows(rules.read, FileRuleContext(variables, file: file, lookups: lookups), lookups)
  }

  /// Throws where there is no read rule at all: with one, a list is filtered, not refused.
  package func requireList() throws {
    guard caller.passesRules || rules.read.expression != nil else { throw RoostError.denied("list '\(bucket.name)'", caller: caller) }
  }

  /// For a file that the caller is about to upload. Its size is not known before its end unless the caller says it.
  package func requireWrite(path: String, contentType: String, size: Int64?, owner: String?, _ lookups: RuleLookups?) throws {
    guard !caller.passesRules else { return }
    let context = FileRuleContext(
      variables, bucket: bucket.name, path: path, contentType: contentType, size: size, owner: owner, lookups: lookups)
    guard try allows(rules.write, context, lookups) else { throw RoostError.denied("write this file to '\(bucket.name)'", caller: caller) }
  }

  /// Replacing takes the right to write the file that is there, too: a rule may look at its owner.
  package func requireReplace(_ current: StoredFile, _ lookups: RuleLookups?) throws {
    guard !caller.passesRules else { return }
    guard try allows(rules.write, FileRuleContext(variables, file: current, lookups: lookups), lookups) else {
      throw RoostError.denied("replace this file", caller: caller)
    }
  }

  /// A file that the caller may not see does not exist for them.
  package func requireDelete(_ file: StoredFile, _ lookups: RuleLookups?) throws {
    guard !caller.passesRules else { return }
    guard try !allows(rules.delete, FileRuleContext(variables, file: file, lookups: lookups), lookups) else { return }
    throw try canRead(file, lookups) ? RoostError.denied("delete this file", caller: caller) : RoostError.fileNotFound(file.path)
  }

  private func allows(_ rule: Rule, _ context: FileRuleContext, _ lookups: RuleLookups?) throws -> Bool {
    let isAllowed = rule.allows(context)
    try lookups?.requireComplete()
    return isAllowed
  }
}
