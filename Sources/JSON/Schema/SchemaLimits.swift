/// What bounds the cost of a schema and of a validation.
enum SchemaLimits {
  /// Schemas within one schema, itself included.
  static let nodesMax = 10_000
  /// Schemas within schemas; as deep as JSON may be nested.
  static let depthMax = JSONText.depthMax
  /// The pointers to all schemas together, which long names repeat.
  static let pointerBytesMax = 4 << 20
  /// Problems of one schema that are reported.
  static let problemsMax = 20
  /// A pattern's text.
  static let patternBytesMax = 2000
  /// Schemas that are being applied at one time: for a document nested 64 deep, four at each level. It bounds the stack: each
  /// takes up to 0.9 KiB of it, 3 to 4 KiB without optimisation, and a worker thread has 1 MiB.
  static let nestingMax = 272
  /// The steps of one validation: a schema applied to a value is one, and so are 16 bytes or one value looked at. A document of a
  /// mebibyte takes about a million with a plain schema; five million take about 0.2 s.
  static let stepsMax = 5_000_000
  /// Values, or 16 bytes of text, that defaults add to one document. So many are at least 1.25 MiB as text, more than any document
  /// may have, so that it does not matter which are left out.
  static let defaultsMax = 1 << 18
  /// Text quoted in a message, in code points.
  static let quotedMax = 40
  /// The pointers of all failures of one validation together; reporting ends past it.
  static let reportedPointerBytesMax = 64 << 10
}
