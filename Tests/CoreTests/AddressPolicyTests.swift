import Core
import TestKit
import Testing

/// The rows of IANA's special-purpose registries, and what else servers have been led to.
@Suite struct AddressPolicyTests {
  static let refused = [
    // https://www.iana.org/assignments/iana-ipv4-special-registry
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.1",
    "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170", "192.0.0.255", "192.0.2.1", "192.88.99.1", "192.168.0.0",
    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255",
    // https://www.iana.org/assignments/iana-ipv6-special-registry
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:1::1", "2001:2::1", "2001:10::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1", "3fff::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "::127.0.0.1", "::2", "4000::1", "8000::1", "64:ff9a::1",
  ]

  static let reached = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2001:200::1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
  ]

  @Test(arguments: refused) func `special addresses are refused`(_ text: String) throws {
    let address = try #require(IPAddress(text))
    let reason = try #require(AddressPolicy.publicOnly.refusal(of: address))
    #expect(reason.contains(" is "))
  }

  @Test(arguments: reached) func `public ones are not`(_ text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressPolicy.publicOnly.refusal(of: address) == nil)
  }

  @Test func `the server's own public address is refused, in every form`() throws {
    let own: Set<IPAddress> = [try #require(IPAddress("8.8.8.8")), try #require(IPAddress("2a00::1"))]
    for text in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00::1"] {
      let address = try #require(IPAddress(text))
      #expect(AddressPolicy.publicOnly.refusal(of: address, own: own)?.contains("own") == true, "\(text)")
    }
  }

  @Test func `an operator allows blocks, and nothing beside them`() throws {
    let policy = try #require(AddressPolicy("10.1.0.0/16, fd00::/8"))
    func isAllowed(_ text: String) -> Bool { IPAddress(text).map { policy.refusal(of: $0) == nil } ?? false }
    for text in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"] { #expect(isAllowed(text), "\(text)") }
    for text in ["10.2.0.1", "127.0.0.1", "fc00::1", "169.254.169.254", "::1"] { #expect(!isAllowed(text), "\(text)") }
  }

  @Test func `all is what is private, not where clouds keep credentials`() throws {
    let policy = try #require(AddressPolicy("all"))
    for text in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"] {
      let address = try #require(IPAddress(text))
      #expect(policy.refusal(of: address) == nil, "\(text)")
    }
    for text in ["169.254.169.254", "fe80::1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "::ffff:169.254.169.254"] {
      let address = try #require(IPAddress(text))
      #expect(policy.refusal(of: address) != nil, "\(text)")
    }
    let both = try #require(AddressPolicy("all,169.254.169.254"))
    let metadata = try #require(IPAddress("169.254.169.254"))
    #expect(both.refusal(of: metadata) == nil)
  }

  @Test(arguments: ["", ",", "yes", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/+8", "fd00::1/8", "example.org", "10.0.0.0/8;all", "/8"])
  func `a setting that may be meant in two ways is refused`(_ text: String) {
    #expect(AddressPolicy(text) == nil)
  }

  @Test(arguments: [
    "1.2.3", "1.2.3.4.5", "01.2.3.4", "0x7f.0.0.1", "256.1.1.1", " 1.2.3.4", "1.2.3.4\u{0}", ":::", "1::2::3", "fe80::1%lo", "::ffff:1.2.3", "",
  ])
  func `an address has one form`(_ text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func `addresses survive the way to text and back`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<2000 {
      let v4 = IPAddress.v4(UInt32.random(in: 0...UInt32.max, using: &random))
      #expect(IPAddress(v4.text) == v4, "seed \(seed)")
      let bits = UInt128.random(in: 0...UInt128.max, using: &random) >> UInt128.random(in: 0...127, using: &random)
      #expect(IPAddress(IPAddress.v6(bits).text) == .v6(bits), "seed \(seed)")
    }
  }
}
