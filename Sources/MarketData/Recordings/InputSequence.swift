/// Several files read one after the other.
struct InputSequence {
    private let files: [InputFile]
    private var next = 0
    private(set) var buffer: InputBuffer?
    private let totalSize: Int

    /// Opens all files, so that one that is missing is noticed before the first is read.
    init(paths: [String]) throws(FeedError) {
        var files: [InputFile] = []
        for path in paths { files.append(try InputFile(path: path)) }
        self.files = files
        totalSize = files.reduce(0) { $0 + $1.size }
    }

    /// The file being read.
    var file: InputFile? { next > 0 ? files[next - 1] : nil }

    var path: String { file?.path ?? "" }

    /// Files read so far whose end a crash cut off.
    var cutFiles: [String] { files.filter(\.isCut).map(\.path) }

    /// Goes to the next file.
    /// - Returns: false when there is no more.
    mutating func advance() -> Bool {
        guard next < files.count else {
            buffer = nil
            return false
        }
        buffer = InputBuffer(files[next])
        next += 1
        return true
    }

    var progress: Double {
        totalSize == 0 ? 1 : Double(files.reduce(0) { $0 + min($1.consumed, $1.size) }) / Double(totalSize)
    }
}
