/// What a function returned, on its way to the next one: an event of the log, in one commit with the record that its delivery succeeded.
package struct FunctionResult: Sendable {
  package let next: String
  /// That of the event that the function ran for, so that the order of subjects goes on.
  package let subject: String
  /// JSON.
  package let value: [UInt8]
  package let actor: EventActor

  package init(next: String, subject: String, value: [UInt8], actor: EventActor) {
    self.next = next
    self.subject = subject
    self.value = value
    self.actor = actor
  }
}
