import ArgumentParser

/// A running server, or the data folder itself.
struct PlaceOptions: ParsableArguments {
  @OptionGroup var server: ServerOptions

  @Option(help: ArgumentHelp("Work on this data folder itself, with or without a server running on it.", valueName: "folder"))
  var data: String?

  func validate() throws {
    if data != nil, server.server != nil || server.key != nil {
      throw ValidationError("--data works on the folder itself; leave out --server and --key, or --data.")
    }
  }
}
