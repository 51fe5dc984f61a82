/// What runs a function's program.
package enum FunctionRuntimeKind: String, Sendable, CaseIterable {
  /// JavaScript and TypeScript modules, by Deno.
  case javascript
  /// One Python module with a `handler`, by the system's Python.
  case python
  /// Anything that speaks AWS's custom-runtime interface.
  case lambda
}
