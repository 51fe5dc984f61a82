import Core
import HTTPServer

/// Every address of the API, in one place. Tests hold it against docs/api/openapi.json.
enum Routes {
  static let all: [Route] = documents + bulk + files + accounts + configuration + expressions + operations + CallFunction.routes + unbuilt

  private static let documents = [
    GetDocument.route, ListDocuments.route, CreateDocument.route, PutDocument.route, PatchDocument.route, DeleteDocument.route,
    QueryDocuments.route, WriteBatch.route, GetChanges.route,
    DocumentHistory.list, DocumentHistory.get, DocumentHistory.restore,
  ]

  private static let bulk = [ImportDocuments.route, ExportDocuments.route]

  private static let files = [GetFile.route, PutFile.route, DeleteFile.route, ListFiles.route]

  private static let accounts = [
    Register.route, Login.route, Refresh.route, Logout.route, Me.get, Me.patch, Me.delete, Sessions.list, Sessions.endAll, Sessions.end,
    KeySet.route,
    AdminLogin.login, AdminLogin.logout, AdminLogin.me, Admins.list, Admins.create, Admins.delete, Admins.setPassword,
    Users.list, Users.get, Users.create, Users.patch, Users.delete, Keys.list, Keys.create, Keys.delete,
  ]

  private static let configuration = [
    Collections.list, Collections.get, Collections.put, Collections.patch, Collections.delete, Collections.deleteHistory,
    Buckets.list, Buckets.get, Buckets.put, Buckets.patch, Buckets.delete,
    Functions.list, Functions.get, Functions.put, Functions.delete, FunctionRecords.invocations, FunctionRecords.logs.streaming(FollowLogs.open),
    Functions.deadLetters,
    Functions.replay, DeadLetters.replay, DeadLetters.deleteAll, DeadLetters.delete, TestFunction.samples, TestFunction.test, EmitEvent.route,
    NextRuns.route, GetUsage.route,
    FunctionVersions.list, FunctionVersions.get, FunctionVersions.delete, FunctionVersions.rollback,
    FunctionAliases.list, FunctionAliases.get, FunctionAliases.put, FunctionAliases.delete,
    FunctionRuns.list, FunctionRuns.get, FunctionRuns.cancel,
    Secrets.list, Secrets.put, Secrets.delete, Secrets.listOfFunction, Secrets.putOfFunction, Secrets.deleteOfFunction,
  ]

  private static let expressions = [CheckExpression.route, EvaluateExpression.route, SimulateRules.route]

  private static let operations = [Health.health, Health.ready, OpenAPI.route, Metrics.route]

  /// Promised in the API's design and answered with 501 until they are built.
  private static let unbuilt: [Route] = [
    .unbuilt(.post, "/v1/files/{bucket}"),
    .unbuilt(.post, "/v1/files/{bucket}/sign"),
    .unbuilt(.patch, "/v1/files/{bucket}/{path…}"),
    .unbuilt(.post, "/v1/uploads"),
    .unbuilt(.post, "/v1/auth/anonymous"),
    .unbuilt(.post, "/v1/auth/otp/request"),
    .unbuilt(.post, "/v1/auth/otp/verify"),
    .unbuilt(.post, "/v1/auth/password/forgot"),
    .unbuilt(.post, "/v1/auth/password/reset"),
    .unbuilt(.post, "/v1/auth/password/change"),
    .unbuilt(.post, "/v1/auth/email/verify"),
    .unbuilt(.post, "/v1/auth/email/change"),
    .unbuilt(.post, "/v1/auth/mfa/totp"),
    .unbuilt(.get, "/v1/auth/oauth/{provider}/authorize"),
    .unbuilt(.get, "/v1/projects"),
    .unbuilt(.get, "/v1/settings"),
    .unbuilt(.get, "/v1/backups"),
    .unbuilt(.get, "/docs"),
    .unbuilt(.get, "/admin"),
    .unbuilt(.get, "/sdk/roost.js"),
  ]
}
