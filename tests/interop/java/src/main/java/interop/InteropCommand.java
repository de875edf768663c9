package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Answers each line of JSON on standard input with one on standard output, until the input ends.
 *
 * <p>A request is an object with a member "operation"; its other members depend on the operation.
 * The answer is {"result": ...}, or {"error": {"class": ..., "message": ...}} where the library
 * refused.
 */
public final class InteropCommand {
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * Where AWS's libraries live. An exception of anything else is a mistake here, and ends the
   * command.
   */
  private static final String LIBRARIES = "software.amazon.";

  private InteropCommand() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      answers.println(JSON.writeValueAsString(answerTo(JSON.readTree(line))));
      answers.flush();
    }
  }

  private static JsonNode answerTo(JsonNode request) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    try {
      answer.set("result", resultOf(request));
    } catch (RuntimeException refused) {
      if (!refused.getClass().getName().startsWith(LIBRARIES)) {
        throw refused;
      }
      ObjectNode error = answer.putObject("error");
      error.put("class", refused.getClass().getName());
      error.put("message", String.valueOf(refused.getMessage()));
    }
    return answer;
  }

  private static JsonNode resultOf(JsonNode request) {
    String operation = request.required("operation").asText();
    return switch (operation) {
      case "encryptItem" -> Items.encrypt(request);
      case "decryptItem" -> Items.decrypt(request);
      case "createKeyStore" -> BranchKeys.createTable(request);
      case "createBranchKey" -> BranchKeys.create(request);
      case "versionBranchKey" -> BranchKeys.version(request);
      case "readBranchKey" -> BranchKeys.read(request);
      default -> throw new IllegalArgumentException("unknown operation " + operation);
    };
  }
}
