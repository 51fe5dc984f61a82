/// What runs a function's program.
package enum FunctionRuntimeKind: String, Sendable, CaseIterable {
  /// JavaScript and TypeScript modules, by Deno.
  case javascript
  /// A server somewhere else that takes events over HTTP.
  case remote

  /// Whether it needs a process of ours.
  package var hasWorkers: Bool { self != .remote }
}
