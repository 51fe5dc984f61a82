import Logging

extension JSONLog {
  /// Makes every swift-log logger of the process write here. Once a process.
  package func bootstrap() {
    LoggingSystem.bootstrap { label in JSONLogHandler(label: label, log: self) }
  }
}

/// What libraries log through swift-log, as lines of a `JSONLog`.
struct JSONLogHandler: LogHandler {
  let label: String
  let log: JSONLog
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(label: String, log: JSONLog) {
    self.label = label
    self.log = log
    logLevel =
      switch log.level {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let level: JSONLog.Level =
      switch event.level {
      case .trace, .debug: .debug
      case .info, .notice: .info
      case .warning: .warning
      case .error, .critical: .error
      }
    let all = (metadataProvider?.get() ?? [:])
      .merging(metadata) { _, new in new }
      .merging(event.metadata ?? [:]) { _, new in new }
    let fields = [("label", label)] + all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    log.log(level, event.message.description, fields)
  }
}
