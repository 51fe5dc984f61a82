/// Which addresses the server may connect to when a user's configuration tells it to: public ones, and those that the operator allows.
/// Otherwise whoever may deploy a function could reach what only this machine can reach (server-side request forgery).
package struct AddressPolicy: Sendable {
  /// Private, loopback and carrier addresses, and the server's own. Never link-local ones: there a cloud keeps the machine's credentials.
  package let allowsPrivate: Bool
  package let allowed: [IPRange]

  package static let publicOnly = AddressPolicy(allowsPrivate: false, allowed: [])

  package init(allowsPrivate: Bool, allowed: [IPRange]) {
    self.allowsPrivate = allowsPrivate
    self.allowed = allowed
  }

  /// A setting: blocks separated by commas, like `10.0.0.0/8,127.0.0.1`, or `all`. `nil` if it is neither.
  package init?(_ text: String) {
    var allowsPrivate = false
    var allowed: [IPRange] = []
    for part in text.split(separator: ",") {
      let word = String(part.filter { $0 != " " })
      if word == "all" {
        allowsPrivate = true
      } else if let range = IPRange(word) {
        allowed.append(range)
      } else {
        return nil
      }
    }
    guard allowsPrivate || !allowed.isEmpty else { return nil }
    self.init(allowsPrivate: allowsPrivate, allowed: allowed)
  }

  /// Why the server must not connect to this address; `nil` if it may. `own` are the addresses of this machine.
  package func refusal(of address: IPAddress, own: Set<IPAddress> = []) -> String? {
    // What matters is where packets end: both the address and what it stands for must be allowed.
    let end = address.embedded ?? address
    if allowed.contains(where: { $0.contains(address) || $0.contains(end) }) { return nil }
    if let block = SpecialAddresses.block(of: address) {
      return allowsPrivate && block.isPrivate ? nil : "\(address.text) is \(block.name)"
    }
    if !allowsPrivate, own.contains(address) || own.contains(end) { return "\(address.text) is this server's own address" }
    return nil
  }
}
