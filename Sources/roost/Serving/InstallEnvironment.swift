import Glibc

/// What programs that install functions' dependencies are told of this machine: where packages come from, and how to reach them.
enum InstallEnvironment {
  private static let names = [
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY",
    "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CONFIG_FILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NPM_CONFIG_REGISTRY", "DENO_CERT", "DENO_TLS_CA_STORE", "JSR_URL",
  ]

  static func read(_ environment: ProcessEnvironment) -> [(name: String, value: String)] {
    var variables = names.compactMap { name in environment[name].map { (name: name, value: $0) } }
    // In its sandbox pip has another home, and would not find the configuration of this user.
    if environment["PIP_CONFIG_FILE"] == nil, let home = environment["HOME"] {
      let folder = environment["XDG_CONFIG_HOME"] ?? home + "/.config"
      let files: [String] = [folder + "/pip/pip.conf", home + "/.pip/pip.conf"]
      let file = files.first { access($0, R_OK) == 0 }
      if let file { variables.append((name: "PIP_CONFIG_FILE", value: file)) }
    }
    return variables
  }
}
