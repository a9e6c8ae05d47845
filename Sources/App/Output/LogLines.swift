import Dispatch
import Glibc
import Synchronization

/// Where lines of the log go, in the order in which they came.
///
/// What somebody waits for is written before the call returns, with all that came before it. Everyday lines go out together, a moment
/// later: written one by one, the log of requests costs a third of what the server can answer.
final class LogLines: Sendable {
    /// After the process was killed at most so much of the everyday lines is missing, in milliseconds.
    static let patience = 50
    /// So many bytes wait at most.
    private static let capacity = 32_768

    static let standardError = LogLines(write: Terminal.write) { work in
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .milliseconds(patience)) { work() }
    }

    private struct State {
        var bytes: [UInt8] = []
        var isAwaited = false
        /// The second that the stamp is of.
        var second = Int.min
        var stamp: [UInt8] = []
    }

    private let state = Mutex(State())
    private let write: @Sendable ([UInt8]) -> Void
    private let later: @Sendable (@escaping @Sendable () -> Void) -> Void

    /// - Parameter later: does something after ``patience``.
    init(
        write: @escaping @Sendable ([UInt8]) -> Void,
        later: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        self.write = write
        self.later = later
    }

    /// - Parameters:
    ///   - second: since 1970; the line begins with it, in local time.
    ///   - isUrgent: to be written at once.
    ///   - append: adds the rest of the line, without its end.
    func add(second: Int, isUrgent: Bool, _ append: (inout [UInt8]) -> Void) {
        let isFirst = state.withLock { state in
            if second != state.second { (state.second, state.stamp) = (second, Self.stamp(second)) }
            state.bytes += state.stamp
            append(&state.bytes)
            state.bytes.append(UInt8(ascii: "\n"))
            if isUrgent || state.bytes.count >= Self.capacity {
                writeAll(&state)
                return false
            }
            defer { state.isAwaited = true }
            return !state.isAwaited
        }
        if isFirst { later { [weak self] in self?.flush() } }
    }

    func flush() {
        state.withLock { state in
            state.isAwaited = false
            writeAll(&state)
        }
    }

    private func writeAll(_ state: inout State) {
        guard !state.bytes.isEmpty else { return }
        write(state.bytes)
        state.bytes.removeAll(keepingCapacity: true)
    }

    private static func stamp(_ second: Int) -> [UInt8] {
        var (time, parts) = (time_t(second), tm())
        localtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 40)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S%z ", &parts)
        return text.prefix(count).map { UInt8(bitPattern: $0) }
    }
}
