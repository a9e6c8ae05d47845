import Exchanges
import Glibc
import TradingCore

/// What `stream_frames.py` wrote, in memory.
struct FrameFile {
    /// Frames that come before time is taken.
    var prologue: [[UInt8]] = []
    /// The answer to a request for the whole book.
    var book: [UInt8]?
    /// One after another, so that going through them costs as little as reading from a socket's buffer.
    var bytes: [UInt8] = []
    var frames: [Range<Int>] = []
    var isBinary = false

    init?(path: String) {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while true {
            let count = getline(&line, &capacity, file)
            guard count > 2, let line else { break }
            let text = UnsafeRawBufferPointer(start: line, count: count)
            let content = Array(text[2..<(text[count - 1] == 0x0A ? count - 1 : count)])
            switch text[0] {
            case UInt8(ascii: "P"): prologue.append(content)
            case UInt8(ascii: "R"): book = content
            case UInt8(ascii: "M"): append(content)
            case UInt8(ascii: "X"):
                isBinary = true
                append(FrameFile.unhexed(content))
            default: return nil
            }
        }
    }

    private mutating func append(_ frame: [UInt8]) {
        frames.append(bytes.count..<bytes.count + frame.count)
        bytes += frame
    }

    private static func unhexed(_ text: [UInt8]) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8 { byte < 0x40 ? byte - 0x30 : byte - 0x57 }
        return stride(from: 0, to: text.count - 1, by: 2).map { digit(text[$0]) << 4 | digit(text[$0 + 1]) }
    }
}

/// CPU seconds this process has used.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
