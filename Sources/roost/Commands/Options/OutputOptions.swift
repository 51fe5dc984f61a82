import ArgumentParser
import JSON

/// `--json`: how answers are written to standard output.
struct OutputOptions: ParsableArguments {
  @Flag(help: "For machines: a list as one JSON array, an item a line; anything else as one JSON object.")
  var json = false

  /// One thing: its members below one another, or as JSON.
  func item(_ value: JSONValue, _ fields: [Table.Column]) {
    guard !json else { return Terminal.line(value.text) }
    let shown = fields.map { ($0.title, Printable.line($0.text(value))) }.filter { !$0.1.isEmpty }
    let width = shown.map { Printable.cells($0.0) }.max() ?? 0
    for (title, text) in shown {
      Terminal.line(title + String(repeating: " ", count: width - Printable.cells(title) + 2) + text)
    }
  }

  /// What was done: a sentence for people on stderr, the result for machines on stdout.
  func done(_ sentence: String, _ value: JSONValue) {
    if json { Terminal.line(value.text) } else { Terminal.note(sentence) }
  }
}
