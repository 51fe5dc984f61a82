import JSON

/// Who makes a request. Rules guard what users and anonymous callers may do; the others pass them.
package enum Caller: Sendable {
  case anonymous
  case user(UserIdentity)
  case admin(id: String, email: String)
  /// A user function, `depth` triggers away from the request that began the chain.
  case function(name: String, depth: Int)
  case key(id: String)

  package var isAnonymous: Bool { if case .anonymous = self { true } else { false } }
  package var isAdmin: Bool { if case .admin = self { true } else if case .key = self { true } else { false } }

  package var passesRules: Bool {
    switch self {
    case .anonymous, .user: false
    case .admin, .function, .key: true
    }
  }

  /// How deep in a chain of triggers the events are that this caller causes; 0 for people.
  package var triggerDepth: Int { if case .function(_, let depth) = self { depth } else { 0 } }

  /// What stands in an event's `auth`: who did it, without anything secret. `nil` for anonymous.
  package var eventAuth: JSONValue? {
    switch self {
    case .anonymous: nil
    case .user(let user): ["type": "user", "id": .string(user.id)]
    case .admin(let id, _): ["type": "admin", "id": .string(id)]
    case .function(let name, _): ["type": "function", "id": .string(name)]
    case .key(let id): ["type": "key", "id": .string(id)]
    }
  }
}

/// What an access token says of its user, and what rules see as `auth`.
package struct UserIdentity: Sendable, Hashable {
  package let id: String
  package let email: String?
  package let emailVerified: Bool
  package let roles: [String]
  package let sessionID: String

  package init(id: String, email: String?, emailVerified: Bool, roles: [String], sessionID: String) {
    self.id = id
    self.email = email
    self.emailVerified = emailVerified
    self.roles = roles
    self.sessionID = sessionID
  }

  /// `auth` in expressions.
  package var ruleValue: JSONValue {
    [
      "id": .string(id),
      "email": email.map(JSONValue.string) ?? .null,
      "emailVerified": .bool(emailVerified),
      "roles": .array(roles.map(JSONValue.string)),
      "claims": .object([:]),
      "anonymous": .bool(email == nil),
      "provider": email == nil ? "anonymous" : "password",
    ]
  }
}
