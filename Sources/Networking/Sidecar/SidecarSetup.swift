import Foundation

/// Where the sidecar is, and where it is spoken to.
public struct SidecarSetup: Hashable, Sendable {
    /// Python of the virtual environment that `Scripts/setup-sidecar.sh` makes.
    public var python: String
    /// The folder that holds the package `mrmarket_sidecar`.
    public var code: String
    /// The socket; its folder is made, its owner's alone.
    public var socket: String
    /// With what only tests ask for.
    public var isTest = false

    /// Why there is no sidecar. Not a fault: it is optional.
    public struct Absence: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// The longest path that an address of a Unix socket holds.
    static let longestSocketPath = 107

    /// - Parameters:
    ///   - environment: the virtual environment's folder.
    ///   - code: the folder `Sidecar` of the program's files.
    ///   - folder: where the socket's own folder is made.
    public init(environment: String, code: String, folder: String) throws(Absence) {
        python = environment + "/bin/python3"
        self.code = code
        socket = folder + "/sidecar/ccxt.sock"
        let files = FileManager.default
        guard files.fileExists(atPath: environment + "/mrmarket-pins"), files.isExecutableFile(atPath: python) else {
            throw Absence(description: "not set up in \(environment) (Scripts/setup-sidecar.sh does it)")
        }
        guard files.fileExists(atPath: code + "/mrmarket_sidecar/__main__.py") else {
            throw Absence(description: "its code is not in \(code)")
        }
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw Absence(
                description: "\(socket): must be at most \(Self.longestSocketPath) bytes long, as the path of a socket")
        }
    }

    /// The socket's folder, made if it is not there, readable by nobody else.
    func makeFolder() throws {
        let folder = URL(filePath: socket).deletingLastPathComponent().relativePath
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
        if FileManager.default.fileExists(atPath: socket) { try FileManager.default.removeItem(atPath: socket) }
    }
}
