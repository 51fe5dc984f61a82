import Core
import JSON

/// What a worker says. Whatever is not one of these is a breach of the protocol: the user's program wrote to the socket itself.
enum WorkerFrame {
  struct Call {
    let number: Int64
    let method: String
    let target: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]
  }

  struct Failure {
    let invocation: Int64
    let text: String
    /// Something of the function may still run.
    let retire: Bool
    /// Trying again would change nothing.
    var isFinal = false
    /// The interpreter refused to give the function more memory.
    var isMemory = false
  }

  case ready(runtime: String)
  case loaded
  case refused(String)
  case log(level: String, message: String)
  case call(Call)
  /// With what the handler returned, if that was wanted, and how long it took.
  case result(Int64, value: [UInt8]?, took: Duration?)
  case error(Failure)
  /// The execution of a durable run waits for what its steps wait for. `retire`: something of it may still run.
  case suspended(Int64, retire: Bool)
  /// An answer begins whose body follows in pieces; ends with `result` or `error`.
  case head(Int64, JSONObject)
  case piece(Int64, [UInt8])

  private static let logStart = Array(#"{"type":"log""#.utf8)

  /// Cheap, for a flood that is thrown away.
  static func isLog(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count >= logStart.count && bytes.starts(with: logStart)
  }

  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let value = try? JSONValue(parsing: bytes), case .object(let object) = value, let type = object["type"]?.stringValue else { return nil }
    switch type {
    case "ready": self = .ready(runtime: Self.text(object["runtime"], most: 100))
    case "loaded": self = .loaded
    case "refused": self = .refused(Self.error(object))
    case "log":
      guard let level = object["level"]?.stringValue, ["debug", "info", "warn", "error"].contains(level), let message = object["message"]?.stringValue else {
        return nil
      }
      self = .log(level: level, message: message)
    case "call":
      guard let call = Self.call(object) else { return nil }
      self = .call(call)
    case "result":
      guard let id = object["id"]?.intValue else { return nil }
      let took = object["us"]?.intValue.flatMap { (0...FunctionsLimits.microsecondsMax).contains($0) ? Duration.microseconds($0) : nil }
      self = .result(id, value: object["value"]?.bytes(), took: took)
    case "error":
      guard let id = object["id"]?.intValue else { return nil }
      self = .error(
        Failure(
          invocation: id, text: Self.error(object), retire: object["retire"]?.boolValue ?? false,
          isFinal: object["final"]?.boolValue ?? false, isMemory: object["name"]?.stringValue == "MemoryError"))
    case "suspended":
      guard let id = object["id"]?.intValue else { return nil }
      self = .suspended(id, retire: object["retire"]?.boolValue ?? false)
    case "head":
      guard let id = object["id"]?.intValue, let head = object["answer"]?.objectValue else { return nil }
      self = .head(id, head)
    case "piece":
      guard let id = object["id"]?.intValue, let text = object["body64"]?.stringValue, let bytes = Base64.decode(text) else { return nil }
      self = .piece(id, bytes)
    default: return nil
    }
  }

  /// What it says, and where it came from.
  private static func error(_ object: JSONObject) -> String {
    let message = text(object["message"], most: FunctionsLimits.errorBytesMax)
    let stack = text(object["stack"], most: FunctionsLimits.errorBytesMax)
    let whole = stack.isEmpty ? message : stack.contains(message) ? stack : message + "\n" + stack
    return whole.prefix(bytes: FunctionsLimits.errorBytesMax)
  }

  private static func text(_ value: JSONValue?, most: Int) -> String {
    (value?.stringValue ?? "").prefix(bytes: most)
  }

  private static func call(_ object: JSONObject) -> Call? {
    guard let number = object["n"]?.intValue, number >= 0, let method = object["method"]?.stringValue, let target = object["target"]?.stringValue,
      target.hasPrefix("/"),
      method.utf8.count <= 20, method.utf8.allSatisfy({ $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }), target.utf8.count <= 16 << 10,
      target.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
    else { return nil }
    var headers: [(name: String, value: String)] = []
    for (name, value) in object["headers"]?.objectValue ?? [:] {
      guard let value = value.stringValue, headers.count < FunctionsLimits.callHeadersMax else { return nil }
      headers.append((name.lowercased(), value))
    }
    var body = object["body"]?.stringValue.map { Array($0.utf8) } ?? []
    if let encoded = object["body64"]?.stringValue {
      guard let decoded = Base64.decode(encoded) else { return nil }
      body = decoded
    }
    return Call(number: number, method: method, target: target, headers: headers, body: body)
  }
}

extension String {
  /// At most so many bytes of it, cut between characters.
  func prefix(bytes: Int) -> String {
    guard utf8.count > bytes else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: bytes)
    while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
