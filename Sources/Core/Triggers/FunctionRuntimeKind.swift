/// What runs a function's program.
package enum FunctionRuntimeKind: String, Sendable, CaseIterable {
  /// JavaScript and TypeScript modules, by Deno.
  case javascript
  /// One Python module with a `handler`, by the system's Python.
  case python
  /// An executable script or shell commands: one process an event, which it reads from standard input.
  case command
  /// Anything that speaks AWS's custom-runtime interface.
  case lambda
  /// A server somewhere else that takes events over HTTP.
  case remote

  /// Whether it needs a process of ours.
  package var hasWorkers: Bool { self != .remote }
}
