import Core
import HTTPServer

/// `DELETE /v1/files/{bucket}/{path…}`: 204.
enum DeleteFile {
  static let route = Route.open(.delete, "/v1/files/{bucket}/{path…}") { call in
    let bucket = try call.project.bucket(call.parameters[0])
    let path = call.parameters[1]
    try FilePath.require(path)
    let condition = try FileCondition(call.headers)
    let access = call.access(to: bucket)
    let existed = try await call.project.files.delete(path, in: bucket.name, actor: call.actor) { file, reader in
      try access.requireDelete(file, RuleLookups(reader))
      try condition.require(file)
    }
    guard existed else { throw RoostError.fileNotFound(path) }
    return .noContent
  }
}
