import Glibc

/// All lines of a plain text file in memory, so that reading them costs nothing while time is taken.
final class MessageFile {
    let bytes: UnsafeMutableRawBufferPointer
    /// Where each line's JSON lies; a receive time in front of it is left out.
    private(set) var lines: [Range<Int>]

    init?(path: String) {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        bytes = .allocate(byteCount: max(ftell(file), 0), alignment: 16)
        rewind(file)
        lines = []
        guard fread(bytes.baseAddress, 1, bytes.count, file) == bytes.count else { return nil }
        var start = 0
        while start < bytes.count {
            let newline = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let json = bytes[start..<newline].firstIndex(of: UInt8(ascii: "{")) ?? newline
            if json < newline { lines.append(json..<newline) }
            start = newline + 1
        }
    }

    deinit {
        bytes.deallocate()
    }
}

/// CPU seconds this process has used.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
