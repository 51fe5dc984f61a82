import Testing

@testable import roost

@Suite struct FileSystemTests {
  private let mounts = """
    /dev/vda / ext4 rw 0 0
    tmpfs /tmp tmpfs rw 0 0
    server:/x /srv/data nfs4 rw 0 0
    tmpfs /with\\040space tmpfs rw 0 0
    /dev/vdb /tmp/disk ext4 rw 0 0
    /dev/vdc /srv/data ext4 rw 0 0
    broken
    """

  @Test(
    "the deepest mount above a folder decides, the later of two",
    arguments: [
      ("/home/a", "ext4"), ("/tmp", "tmpfs"), ("/tmp/a", "tmpfs"), ("/tmpfolder", "ext4"), ("/tmp/disk/a", "ext4"), ("/srv/data/roost", "ext4"),
      ("/with space/a", "tmpfs"),
    ])
  func deepest(path: String, type: String) {
    #expect(FileSystem.type(of: path, mounts: mounts) == type)
  }
}
