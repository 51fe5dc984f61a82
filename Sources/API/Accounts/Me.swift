import Core
import HTTPServer
import JSON

/// `GET`, `PATCH` and `DELETE /v1/auth/me`: the signed-in user's own profile.
enum Me {
  static let get = Route.open(.get, "/v1/auth/me") { call in
    let user = try call.user()
    guard let profile = try await call.project.documents.get(user.id, in: call.project.collection(Collection.users)) else {
      throw RoostError(.tokenInvalid, "This account does not exist any more.")
    }
    return .document(try await call.ownView(of: profile, user: user))
  }

  /// A merge patch of the profile's own fields; address and standing are not changed here.
  static let patch = Route.open(.patch, "/v1/auth/me") { call in
    let user = try call.user()
    var object = try call.object()
    for name in UserProfile.identityFields + ["password"] where object[name] != nil {
      throw RoostError(.validationFailed, "`\(name)` cannot be changed here.", fields: [FieldError("/\(name)", "not a profile field")])
    }
    for name in DocumentRecord.reservedFields { object[name] = nil }
    let patch = JSONValue.object(object).bytes()
    let collection = try call.project.collection(Collection.users)
    let access = DocumentAccess(collection: collection, caller: call.caller, variables: call.variables)
    let write = try access.patch(id: user.id, condition: EntityTags.versionCondition(call.headers), .merge(patch))
    guard let document = try await call.project.documents.write(write).after else { throw RoostError(.internal, "A patch stored nothing.") }
    return .document(try await call.ownView(of: document, user: user))
  }

  static let delete = Route.open(.delete, "/v1/auth/me") { call in
    _ = try await call.environment.accounts.delete(userID: call.user().id, by: call.caller)
    return .noContent
  }
}
