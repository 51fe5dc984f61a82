/// What the patches of one batch may still cost together: each is applied while everybody else waits to write. A class, because they share it.
package final class PatchAllowance {
  private var stepsLeft = JSONPatchLimits.batchStepsMax

  package init() {}

  /// False once it is used up.
  func take(_ steps: Int) -> Bool {
    stepsLeft -= steps
    return stepsLeft >= 0
  }
}
