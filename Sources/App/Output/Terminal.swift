import Foundation
import Glibc

/// Writing to the person at the terminal.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    static func error(_ line: String) {
        write(line + "\n")
    }

    /// Replaces the line at the cursor, cut to the terminal's width: a wrapped line could not be replaced.
    static func status(_ line: String) {
        write("\r\u{1B}[2K" + line.prefix(max(20, columns - 1)))
    }

    private static var columns: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    static func clearStatus() {
        if isInteractive { write("\r\u{1B}[2K") }
    }

    private static func write(_ text: String) { write(Array(text.utf8)) }

    /// A terminal that has gone, or a disk that is full, must not end the server: what cannot be written is left out.
    static func write(_ all: [UInt8]) {
        var bytes = all[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
