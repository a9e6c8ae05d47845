import Exchanges
import Networking

/// A request of the command line's to the server of this data folder.
struct OperatorCall {
    let base: String
    let token: String?

    /// Not by Foundation's client, which takes no address such as `http://[::1]:3000`: a halt must go through.
    /// - Returns: nil when no server answers there.
    /// - Throws: ``BadInput`` where one took the request and gave no answer.
    func post(_ path: String, _ body: String) async throws -> (status: Int, text: String)? {
        var headers = [SignedRequest.Header("Content-Type", "application/json")]
        if let token { headers.append(SignedRequest.Header("Authorization", "Bearer \(token)")) }
        let caller = try HTTPCaller()
        let result: Result<EndpointAnswer, HTTPFailure>
        do throws(HTTPFailure) {
            result = .success(try await caller.send(SignedRequest(.post, base + path, headers: headers, body: body)))
        } catch { result = .failure(error) }
        await caller.shutdown()
        switch result {
        case .success(let answer): return (answer.status, String(decoding: answer.body, as: UTF8.self))
        case .failure(.notSent): return nil
        case .failure(let failure): throw BadInput("the server on \(base) does not answer: \(failure)")
        }
    }
}
