import CSodium

/// The libsodium that this process runs with. For `roost doctor`.
package enum SodiumLibrary {
  package static var version: String { String(cString: sodium_version_string()) }

  /// False where the machine offers no source of randomness.
  package static var isReady: Bool { Sodium.isReady }
}
