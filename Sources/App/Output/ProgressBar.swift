/// A bar on the terminal while a backtest runs; silent elsewhere.
struct ProgressBar {
    private static let width = 40
    private var drawn = -1

    mutating func show(_ fraction: Double) {
        let filled = Int(max(0, min(1, fraction)) * Double(ProgressBar.width))
        guard Terminal.isInteractive, filled != drawn else { return }
        drawn = filled
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: ProgressBar.width - filled)
        Terminal.status("\(bar) \(Int(fraction * 100)) %")
    }

    func clear() {
        if drawn >= 0 { Terminal.clearStatus() }
    }
}
