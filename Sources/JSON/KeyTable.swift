/// Positions by hash, with open addressing; at most half of the slots are taken, so every search ends.
struct KeyTable {
  /// The hash in the upper half and the position + 1 in the lower, or 0 for a free slot.
  private var slots = [UInt64](repeating: 0, count: 64)
  private var count = 0

  /// The position of this hash that `isSame` accepts.
  @inline(__always)
  func find(_ hash: UInt32, isSame: (Int) -> Bool) -> Int? {
    let mask = slots.count - 1
    var index = Int(hash) & mask
    while slots[index] != 0 {
      let position = Int(slots[index] & 0xFFFF_FFFF) - 1
      if slots[index] >> 32 == hash, isSame(position) { return position }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Adds a position that `find` did not find; it is less than `UInt32.max`.
  mutating func insert(_ hash: UInt32, position: Int) {
    if (count + 1) * 2 > slots.count {
      let old = slots
      slots = [UInt64](repeating: 0, count: old.count * 2)
      for slot in old where slot != 0 { place(slot) }
    }
    place(UInt64(hash) << 32 | UInt64(position + 1))
    count += 1
  }

  private mutating func place(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Int(slot >> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = slot
  }
}
