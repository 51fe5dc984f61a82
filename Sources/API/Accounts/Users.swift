import Core
import HTTPServer
import JSON

/// `/v1/users[/{id}]`: accounts, for admins and functions.
enum Users {
  static let list = Route.trusted(.get, "/v1/users") { call in
    let query = try call.query.only(["filter", "sort", "limit", "cursor"])
    let sort = try query["sort"].map(SortKey.parse) ?? []
    let users = try call.project.collection(Collection.users)
    let page = try await call.project.documents.page(
      DocumentQuery(
        filter: query["filter"].map { try ExpressionKind.filter.compile($0, pointer: "/filter") }, variables: call.variables,
        sort: sort,
        limit: QueryParameters.limit(query["limit"]), cursor: query["cursor"].map { try PageCursor(parsing: $0, sort: sort) }),
      in: users)
    var items: [JSONValue] = []
    for profile in page.items { items.append(try await value(of: profile, call)) }
    return .list(items, next: page.next?.text(sort: sort))
  }

  static let get = Route.trusted(.get, "/v1/users/{id}") { call in
    .privateJSON(200, try await value(of: profile(call), call))
  }

  static let create = Route.trusted(.post, "/v1/users") { call in
    let registration = try Registration(call.value())
    let answer: @Sendable (DocumentRecord) throws -> HTTPResponse = { profile in
      var response = HTTPResponse.privateJSON(201, try value(of: profile, email: registration.email.text, isDisabled: registration.isDisabled))
      response.headers.add("Location", "/v1/users/\(profile.id)")
      return response
    }
    return try await answer(
      call.environment.accounts.create(
        registration, by: call.caller, repeatable: call.repeatable("users", body: call.bodyWithoutPassword(), answer: answer)))
  }

  /// `{"disabled": true}`, `{"password": "…"}`; other fields are a merge patch of the profile.
  static let patch = Route.trusted(.patch, "/v1/users/{id}") { call in
    var object = try call.object()
    let id = try await profile(call).id
    if let disabled = object["disabled"] {
      guard let disabled = disabled.boolValue else {
        throw RoostError(.validationFailed, "`disabled` is true or false.", fields: [FieldError("/disabled", "expected true or false")])
      }
      try await call.environment.accounts.setDisabled(disabled, userID: id)
    }
    if let password = object["password"] {
      if let problem = Registration.problem(ofPassword: password.stringValue) {
        throw RoostError(.validationFailed, "The password is not good enough.", fields: [FieldError("/password", problem)])
      }
      try await call.environment.accounts.setPassword(password.stringValue ?? "", userID: id)
    }
    for name in UserProfile.identityFields where object[name] != nil {
      throw RoostError(.notImplemented, "Changing `\(name)` is not built yet.")
    }
    for name in DocumentRecord.reservedFields + ["disabled", "password"] { object[name] = nil }
    if !object.isEmpty {
      let patch = JSONValue.object(object).bytes()
      let write = try DocumentAccess(collection: call.project.collection(Collection.users), caller: call.caller, variables: call.variables)
        .patch(id: id, condition: .none, .merge(patch))
      _ = try await call.project.documents.write(write)
    }
    return .privateJSON(200, try await value(of: profile(call), call))
  }

  static let delete = Route.trusted(.delete, "/v1/users/{id}") { call in
    guard try await call.environment.accounts.delete(userID: call.parameters[0], by: call.caller) else { throw missing }
    return .noContent
  }

  private static let missing = RoostError(.notFound, "There is no such user.")

  private static func profile(_ call: Call) async throws -> DocumentRecord {
    guard let profile = try await call.project.documents.get(call.parameters[0], in: call.project.collection(Collection.users)) else {
      throw missing
    }
    return profile
  }

  /// The profile and how the account stands; never a credential.
  private static func value(of profile: DocumentRecord, _ call: Call) async throws -> JSONValue {
    let credential = try await call.project.accounts.credential(userID: profile.id)
    return try value(
      of: profile, email: credential?.email, emailVerified: credential?.emailVerified ?? false, isDisabled: credential?.isDisabled ?? false,
      roles: credential?.roles ?? [])
  }

  private static func value(
    of profile: DocumentRecord, email: String?, emailVerified: Bool = false, isDisabled: Bool = false, roles: [String] = []
  ) throws -> JSONValue {
    guard case .object(var object) = try JSONValue(parsing: profile.json()) else { return .null }
    object["email"] = email.map(JSONValue.string) ?? .null
    object["emailVerified"] = .bool(emailVerified)
    object["disabled"] = .bool(isDisabled)
    object["roles"] = .array(roles.map(JSONValue.string))
    return .object(object)
  }
}
