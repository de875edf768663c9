package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Items in DynamoDB's JSON: {"name": {"S": "..."}}, with bytes in base64. */
final class DynamoDbJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private DynamoDbJson() {}

  static Map<String, AttributeValue> parseItem(JsonNode item) {
    Map<String, AttributeValue> attributes = new LinkedHashMap<>();
    item.properties()
        .forEach(attribute -> attributes.put(attribute.getKey(), parse(attribute.getValue())));
    return attributes;
  }

  static ObjectNode ofItem(Map<String, AttributeValue> item) {
    ObjectNode attributes = NODES.objectNode();
    item.forEach((name, value) -> attributes.set(name, of(value)));
    return attributes;
  }

  private static AttributeValue parse(JsonNode typed) {
    Map.Entry<String, JsonNode> member = typed.properties().iterator().next();
    JsonNode content = member.getValue();
    AttributeValue.Builder value = AttributeValue.builder();
    switch (member.getKey()) {
      case "S" -> value.s(content.asText());
      case "N" -> value.n(content.asText());
      case "B" -> value.b(bytes(content));
      case "BOOL" -> value.bool(content.asBoolean());
      case "NULL" -> value.nul(content.asBoolean());
      case "SS" -> value.ss(each(content, JsonNode::asText));
      case "NS" -> value.ns(each(content, JsonNode::asText));
      case "BS" -> value.bs(each(content, DynamoDbJson::bytes));
      case "L" -> value.l(each(content, DynamoDbJson::parse));
      case "M" -> value.m(parseItem(content));
      default -> throw new IllegalArgumentException("unknown type " + member.getKey());
    }
    return value.build();
  }

  private static ObjectNode of(AttributeValue value) {
    AttributeValue.Type type = value.type();
    JsonNode content =
        switch (type) {
          case S -> NODES.textNode(value.s());
          case N -> NODES.textNode(value.n());
          case B -> base64(value.b());
          case BOOL -> NODES.booleanNode(value.bool());
          case NUL -> NODES.booleanNode(value.nul());
          case SS -> array(value.ss(), NODES::textNode);
          case NS -> array(value.ns(), NODES::textNode);
          case BS -> array(value.bs(), DynamoDbJson::base64);
          case L -> array(value.l(), DynamoDbJson::of);
          case M -> ofItem(value.m());
          default -> throw new IllegalArgumentException("unknown type " + type);
        };
    ObjectNode typed = NODES.objectNode();
    typed.set(type == AttributeValue.Type.NUL ? "NULL" : type.name(), content);
    return typed;
  }

  private static SdkBytes bytes(JsonNode content) {
    return SdkBytes.fromByteArray(Base64.getDecoder().decode(content.asText()));
  }

  private static JsonNode base64(SdkBytes bytes) {
    return NODES.textNode(Base64.getEncoder().encodeToString(bytes.asByteArray()));
  }

  private static <T> List<T> each(JsonNode array, Function<JsonNode, T> parse) {
    List<T> found = new ArrayList<>();
    array.forEach(entry -> found.add(parse.apply(entry)));
    return found;
  }

  private static <T> ArrayNode array(List<T> entries, Function<T, JsonNode> write) {
    ArrayNode array = NODES.arrayNode();
    entries.forEach(entry -> array.add(write.apply(entry)));
    return array;
  }
}
