/// Values on their way into an array. Unsafe because it moves them there, which no array does with its last elements; the
/// first `count` places are initialised, always.
struct PendingStack<Element>: ~Copyable {
  private var places: UnsafeMutablePointer<Element>?
  private var capacity = 0
  private(set) var count = 0

  deinit {
    places?.deinitialize(count: count)
    places?.deallocate()
  }

  @inline(__always)
  mutating func push(_ element: consuming Element) {
    if count == capacity { grow() }
    guard let places else { return }
    (places + count).initialize(to: element)
    count += 1
  }

  /// Moves all from this place on into an array.
  @inline(__always)
  mutating func pop(from first: Int) -> [Element] {
    guard let places, count > first else { return [] }
    let number = count - first
    count = first
    return [Element](unsafeUninitializedCapacity: number) { buffer, initialized in
      guard let out = buffer.baseAddress else { return }
      out.moveInitialize(from: places + first, count: number)
      initialized = number
    }
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(16, capacity * 2))
    if let places {
      larger.moveInitialize(from: places, count: count)
      places.deallocate()
    }
    places = larger
    capacity = max(16, capacity * 2)
  }
}
