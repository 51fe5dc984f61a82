/// Carries a connection to the thread that will own it. `@unchecked` because nobody else has it any more.
struct Handover: @unchecked Sendable {
  let database: Database

  init(_ database: sending Database) {
    self.database = database
  }
}
