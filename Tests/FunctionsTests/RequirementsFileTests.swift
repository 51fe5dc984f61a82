import Core
import Testing

@testable import Functions

@Suite("What of a requirements.txt is taken")
struct RequirementsFileTests {
  @Test(
    "Packages with versions, extras, markers and hashes, and wheels of the archive",
    arguments: [
      "", "# nothing", "six", "six==1.17.0", "requests[socks]>=2.8.1,<3", "a.b-c_d ~= 1.0 # why", "x==1 ; python_version < \"3.12\" and os_name == 'posix'",
      "./wheels/x-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl", "six==1.17.0 --hash=sha256:0f00",
      "six==1.17.0 \\\n  --hash=sha256:0f00 \\\n  --hash=sha256:ab",
      "six\r\nidna\r\n", "7zip",
    ])
  func taken(_ text: String) {
    #expect(throws: Never.self) { try RequirementsFile.check(text) }
  }

  @Test(
    "Options, addresses, folders and other people's files are not",
    arguments: [
      "-r other.txt", "-c x", "-e .", "--index-url=https://x", "--no-binary=:all:", "six --no-binary=six", "six --install-option=x", "six --global-option x",
      "git+https://x/y", "https://x/y.whl", "file:///x.whl", "x @ https://x/y.whl", "x@file:///y.whl", ".", "./x", "../x.whl", "./a/../../x.whl", "/x.whl",
      "x/y",
      "./x.tar.gz", "./x.whl y", "six \\", "six==1 --hash=md5:00", "six==1 --hash=sha256:zz", "$HOME", "${X}", "~/x.whl", "\u{e9}",
      // What pip reads otherwise than it looks: comments do not go on behind a backslash, other characters than LF end lines, a comment names the
      // file's encoding, and variables are filled in before all else.
      "# a \\\n--index-url=https://x", "six \\\n # a \\\n--index-url=https://x", "# a\r--index-url=https://x", "# a\u{b}-e .", "# a\u{c}-e .",
      "# a\u{1c}-e .",
      "# a\u{85}-e .", "# a\u{2028}-e .", "# a\r\n-e .", "# coding: utf-7\nsix==1+AAo-", "#\n# vim: set fileencoding=utf-7 :\nsix", "${HOME}/x.whl",
      "six # ${X}", "${A}six==1",
    ])
  func refused(_ text: String) {
    #expect(throws: RoostError.self) { try RequirementsFile.check(text) }
  }
}
