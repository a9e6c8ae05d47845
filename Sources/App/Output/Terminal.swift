import Foundation

/// Writing to the person at the terminal.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    static func error(_ line: String) {
        write(line + "\n")
    }

    /// Replaces the line at the cursor.
    static func status(_ line: String) {
        write("\r\u{1B}[2K" + line)
    }

    static func clearStatus() {
        if isInteractive { write("\r\u{1B}[2K") }
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
