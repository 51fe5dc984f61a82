/// The keys of the objects that are open at one place of a text, to find duplicates.
///
/// An object of up to 16 keys compares fingerprints; a larger one gets a hash table. The table's hash is Swift's `Hasher`
/// (SipHash with a seed of the process), so a caller cannot choose keys that collide: any text costs time linear in its length.
struct KeyRegister: ~Copyable {
  /// One key; `start` counts from the text's beginning, or is `~offset` in `unescaped` for a key that holds escapes.
  private struct Entry {
    let fingerprint: UInt64
    let start: Int
    let length: Int
  }

  /// What an object keeps while it is open.
  struct Mark {
    fileprivate let entries: Int
    fileprivate let unescaped: Int
    /// One bit for each fingerprint seen: a key whose bit is not set is new, and most are.
    fileprivate var seen: UInt64 = 0
  }

  private static let linearMax = 16

  private let base: UnsafePointer<UInt8>
  private let textCount: Int
  private var entries: UnsafeMutablePointer<Entry>
  private var capacity: Int
  private var count = 0
  /// The bytes of keys with escapes, without them.
  private var unescaped: [UInt8] = []
  /// The tables of the open objects that have more than 16 keys, innermost last.
  private var tables: [KeyTable] = []

  init(base: UnsafePointer<UInt8>, count: Int) {
    self.base = base
    textCount = count
    // 40 entries are 960 bytes: within what malloc hands out fastest, and enough for most documents.
    capacity = 40
    entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
  }

  deinit { entries.deallocate() }

  @inline(__always)
  func beginObject() -> Mark { Mark(entries: count, unescaped: unescaped.count) }

  @inline(__always)
  mutating func endObject(_ mark: Mark) {
    if count - mark.entries > KeyRegister.linearMax { tables.removeLast() }
    count = mark.entries
    if unescaped.count > mark.unescaped { unescaped.removeSubrange(mark.unescaped...) }
  }

  /// Adds the key whose bytes stand at `start` of the text.
  /// - Returns: false when the object that `mark` opened has it already.
  @inline(__always)
  mutating func add(start: Int, length: Int, escaped: Bool, to mark: inout Mark) -> Bool {
    if escaped { return addEscaped(start: start, length: length, to: &mark) }
    let fingerprint = KeyRegister.fingerprint(base + start, length, readable: textCount - start)
    return add(Entry(fingerprint: fingerprint, start: start, length: length), to: &mark)
  }

  private mutating func addEscaped(start: Int, length: Int, to mark: inout Mark) -> Bool {
    let raw = UnsafeBufferPointer(start: base + start, count: length)
    let key = [UInt8](unsafeUninitializedCapacity: length) { buffer, written in
      guard let out = buffer.baseAddress else { return }
      written = JSONEscapes.unescape(raw, into: out)
    }
    let offset = unescaped.count
    unescaped += key
    let fingerprint = key.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { KeyRegister.fingerprint($0, bytes.count, readable: bytes.count) } ?? 0
    }
    return add(Entry(fingerprint: fingerprint, start: ~offset, length: key.count), to: &mark)
  }

  @inline(__always)
  private mutating func add(_ entry: Entry, to mark: inout Mark) -> Bool {
    let siblings = count - mark.entries
    if siblings >= KeyRegister.linearMax { return addToTable(entry, from: mark.entries) }
    let bit: UInt64 = 1 << ((entry.fingerprint &* 0x9E37_79B9_7F4A_7C15) >> 58)
    if mark.seen & bit != 0 {
      for index in mark.entries..<count where entries[index].fingerprint == entry.fingerprint && isSame(entries[index], entry) {
        return false
      }
    }
    mark.seen |= bit
    append(entry)
    return true
  }

  /// The object's keys from the 17th on; with that one, the table is made.
  private mutating func addToTable(_ entry: Entry, from first: Int) -> Bool {
    if count - first == KeyRegister.linearMax {
      var table = KeyTable()
      for index in first..<count { table.insert(hash(entries[index]), position: index) }
      tables.append(table)
    }
    let hash = hash(entry)
    let last = tables.count - 1
    // If this is a duplicate, the scan ends here, so nobody minds that the key was not counted.
    guard tables[last].find(hash, isSame: { isSame(entries[$0], entry) }) == nil else { return false }
    tables[last].insert(hash, position: count)
    append(entry)
    return true
  }

  @inline(__always)
  private mutating func append(_ entry: Entry) {
    if count == capacity { grow() }
    (entries + count).initialize(to: entry)
    count += 1
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: entries, count: count)
    entries.deallocate()
    entries = larger
    capacity *= 2
  }

  /// Up to eight bytes are their own fingerprint; a longer key is told by its first and last eight.
  @inline(__always)
  private static func fingerprint(_ key: UnsafePointer<UInt8>, _ length: Int, readable: Int) -> UInt64 {
    if length > 8 {
      let last = ByteWord.load(key + length - 8)
      return ByteWord.load(key) ^ (last << 29 | last >> 35)
    }
    if length == 0 { return 0 }
    if readable >= 8 { return ByteWord.load(key) & (.max &>> UInt64(truncatingIfNeeded: 64 - 8 * length)) }
    var word: UInt64 = 0
    for index in 0..<length { word |= UInt64(key[index]) << UInt64(8 * index) }
    return word
  }

  private func isSame(_ a: Entry, _ b: Entry) -> Bool {
    guard a.length == b.length else { return false }
    return withBytes(a) { a in withBytes(b) { b in a.elementsEqual(b) } }
  }

  private func hash(_ entry: Entry) -> UInt32 {
    var hasher = Hasher()
    withBytes(entry) { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  @inline(__always)
  private func withBytes<R>(_ entry: Entry, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if entry.start >= 0 { return body(UnsafeBufferPointer(start: base + entry.start, count: entry.length)) }
    let offset = ~entry.start
    return unescaped.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[offset..<offset + entry.length])) }
  }
}
