/// Reads CSV (RFC 4180) out of a stream of bytes, wherever its chunks end, in memory bounded by the longest record. Lines may end with LF
/// alone, a byte order mark at the beginning is left out, and so are empty lines.
///
/// A record that breaks the rules is told with its line, and reading goes on in the next line: only a quote that is never closed takes
/// all the rest with it.
package struct CSVReader: Sendable {
  private enum State {
    case cellStart, plain, plainAfterCR, quoted, afterQuote, afterQuoteCR
    /// Something was wrong: the rest of the line is left out.
    case broken(CSVFault)
    /// The record is longer than it may be: nothing that follows can be trusted.
    case lost
  }

  private let recordBytesMax: Int
  private var state = State.cellStart
  private var record = CSVRecord(line: 1)
  private var line = 1
  /// Bytes of the mark that were seen so far; nil when it can come no more.
  private var markBytes: Int? = 0

  package init(recordBytesMax: Int) {
    self.recordBytesMax = recordBytesMax
  }

  /// The records that end in this chunk.
  package mutating func records(in chunk: [UInt8]) -> [CSVRecord] {
    var records: [CSVRecord] = []
    for byte in chunk[withoutMark(chunk)...] { take(byte, &records) }
    return records
  }

  /// The last record, if its line had no end.
  package mutating func end() -> [CSVRecord] {
    var records: [CSVRecord] = []
    switch state {
    case .quoted:
      record.fault = .unclosedQuote
      close(&records)
    case .lost: break
    case .cellStart where record.cells == 0: break
    default: endLine(&records)
    }
    return records
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8, _ records: inout [CSVRecord]) {
    if byte == UInt8(ascii: "\n") { line += 1 }
    switch state {
    case .cellStart:
      if byte == UInt8(ascii: "\"") {
        record.isQuoted = true
        state = .quoted
      } else {
        state = .plain
        takePlain(byte, &records)
      }
    case .plain: takePlain(byte, &records)
    case .plainAfterCR:
      if byte == UInt8(ascii: "\n") {
        endLine(&records)
      } else {
        append(UInt8(ascii: "\r"), &records)
        state = .plain
        takePlain(byte, &records)
      }
    case .quoted:
      if byte == UInt8(ascii: "\"") { state = .afterQuote } else { append(byte, &records) }
    case .afterQuote:
      switch byte {
      case UInt8(ascii: "\""):
        append(byte, &records)
        state = .quoted
      case UInt8(ascii: ","): endCell(&records)
      case UInt8(ascii: "\n"): endLine(&records)
      case UInt8(ascii: "\r"): state = .afterQuoteCR
      default: state = .broken(.textAfterQuote)
      }
    case .afterQuoteCR: if byte == UInt8(ascii: "\n") { endLine(&records) } else { state = .broken(.textAfterQuote) }
    case .broken: if byte == UInt8(ascii: "\n") { endLine(&records) }
    case .lost: break
    }
  }

  @inline(__always)
  private mutating func takePlain(_ byte: UInt8, _ records: inout [CSVRecord]) {
    switch byte {
    case UInt8(ascii: ","): endCell(&records)
    case UInt8(ascii: "\n"): endLine(&records)
    case UInt8(ascii: "\r"): state = .plainAfterCR
    case UInt8(ascii: "\""): state = .broken(.quoteInside)
    default: append(byte, &records)
    }
  }

  private mutating func append(_ byte: UInt8, _ records: inout [CSVRecord]) {
    guard record.bytes.count < recordBytesMax else {
      state = .lost
      record.fault = .tooLong
      return close(&records)
    }
    record.bytes.append(byte)
  }

  private mutating func endCell(_ records: inout [CSVRecord]) {
    guard record.cells < Limits.csvColumnsMax else {
      state = .broken(.tooManyCells)
      return
    }
    record.endCell()
    state = .cellStart
  }

  private mutating func endLine(_ records: inout [CSVRecord]) {
    if case .broken(let fault) = state { record.fault = fault } else { record.endCell() }
    close(&records)
    state = .cellStart
  }

  private mutating func close(_ records: inout [CSVRecord]) {
    if !record.isBlank { records.append(record) }
    record = CSVRecord(line: line)
  }

  /// Where the text begins in this chunk.
  private mutating func withoutMark(_ chunk: [UInt8]) -> Int {
    guard var seen = markBytes else { return 0 }
    var position = 0
    while position < chunk.count, seen < ByteOrderMark.utf8.count, chunk[position] == ByteOrderMark.utf8[seen] {
      seen += 1
      position += 1
    }
    if seen < ByteOrderMark.utf8.count, position == chunk.count {
      markBytes = seen
      return position
    }
    markBytes = nil
    // What began like a mark and is none is text.
    if seen < ByteOrderMark.utf8.count, seen > 0 {
      record.bytes = Array(ByteOrderMark.utf8[..<seen])
      state = .plain
    }
    return position
  }
}

/// What breaks RFC 4180.
package enum CSVFault: Sendable, Equatable {
  case quoteInside, textAfterQuote, unclosedQuote, tooLong, tooManyCells

  package var message: String {
    switch self {
    case .quoteInside: "A quote stands inside a cell that does not begin with one: put the cell into quotes, and write each quote in it twice."
    case .textAfterQuote: "Something follows a cell's closing quote: a quote inside a cell is written twice."
    case .unclosedQuote: "A quote is opened here and never closed."
    case .tooLong:
      "The record that begins here is longer than \(Limits.importLineBytesMax) bytes: most likely a quote is never closed. Nothing after it was read."
    case .tooManyCells: "The row has more than \(Limits.csvColumnsMax) cells."
    }
  }
}

/// One record: its cells, or what is wrong with it.
package struct CSVRecord: Sendable, Equatable {
  /// Where it begins, counted from 1.
  package let line: Int
  package fileprivate(set) var fault: CSVFault?
  /// The cells' texts without quotes, one behind the other.
  fileprivate(set) var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var quoted: [Bool] = []
  /// Of the cell that is being read.
  fileprivate var isQuoted = false

  fileprivate init(line: Int) {
    self.line = line
  }

  package var cells: Int { ends.count }

  package subscript(_ cell: Int) -> ArraySlice<UInt8> { bytes[(cell == 0 ? 0 : ends[cell - 1])..<ends[cell]] }

  /// Whether there is nothing between two commas, not even quotes.
  package func isAbsent(_ cell: Int) -> Bool { self[cell].isEmpty && !quoted[cell] }

  fileprivate var isBlank: Bool { fault == nil && ends.count == 1 && isAbsent(0) }

  fileprivate mutating func endCell() {
    ends.append(bytes.count)
    quoted.append(isQuoted)
    isQuoted = false
  }
}
