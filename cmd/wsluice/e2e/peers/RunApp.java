import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** An app that knows nothing of a proxy: RunApp LIBRARY BASE…. */
class RunApp {
  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) {
      URI url = URI.create(args[i] + "/" + args[0]);
      System.out.println(args[i].startsWith("ws") ? echo(url, "hello from " + args[0]) : get(url));
    }
    System.exit(0); // the client keeps threads
  }

  static String get(URI url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(url).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  static String echo(URI url, String hello) {
    CompletableFuture<String> got = new CompletableFuture<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    WebSocket.Listener listener = new WebSocket.Listener() {
      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        got.complete(data.toString());
        socket.request(1);
        return null;
      }

      @Override
      public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        closed.complete(null);
        return null;
      }
    };
    WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(url, listener).join();
    socket.sendText(hello, true).join();
    String text = got.join();
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    closed.join();
    return text;
  }
}
