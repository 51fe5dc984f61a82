import Core

/// Prometheus's text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusText {
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""

  /// A metric with all its series.
  mutating func add(_ name: String, _ type: String, _ help: String, _ series: [(labels: [(String, String)], value: Double)]) {
    guard !series.isEmpty else { return }
    head(name, type, help)
    for one in series { line(name, one.labels, one.value) }
  }

  mutating func add(_ name: String, _ help: String, _ series: [(labels: [(String, String)], histogram: Histogram)]) {
    guard !series.isEmpty else { return }
    head(name, "histogram", help)
    for (labels, histogram) in series {
      var count = 0
      for (bound, inBucket) in zip(Histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
        count += inBucket
        line(name + "_bucket", labels + [("le", bound)], Double(count))
      }
      line(name + "_sum", labels, Double(histogram.nanosecondsSum) / 1_000_000_000)
      line(name + "_count", labels, Double(count))
    }
  }

  private mutating func head(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  /// Names and labels are our own, of letters, digits, `_`, `-` and `.`: nothing in them needs an escape.
  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
    text += name
    if !labels.isEmpty { text += "{" + labels.map { "\($0)=\"\($1)\"" }.joined(separator: ",") + "}" }
    text += value == value.rounded() && abs(value) < 1e15 ? " \(Int64(value))\n" : " \(value)\n"
  }
}
