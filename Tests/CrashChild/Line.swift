#if canImport(Glibc)
import Glibc
#endif

/// What the parent hears.
enum Line {
    /// Written at once, whole: shorter lines than `PIPE_BUF` never mix.
    static func write(_ text: String) {
        let bytes = Array((text.replacing("\n", with: " ") + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    /// A file's text; nothing where there is none.
    static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
