package org.openapitools.jackson.nullable;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanPropertyWriter;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import java.io.IOException;
import java.util.List;

/** Leaves absent members out, and writes those that are null. */
public class JsonNullableModule extends SimpleModule {
    public JsonNullableModule() {
        super("JsonNullableModule");
        addSerializer(JsonNullable.class, new Writer());
        addDeserializer(JsonNullable.class, new Reader(null));
        setSerializerModifier(new BeanSerializerModifier() {
            @Override
            public List<BeanPropertyWriter> changeProperties(
                    SerializationConfig config, BeanDescription bean, List<BeanPropertyWriter> members) {
                members.replaceAll(member -> member.getType().hasRawClass(JsonNullable.class) ? new Present(member) : member);
                return members;
            }
        });
    }

    private static final class Present extends BeanPropertyWriter {
        Present(BeanPropertyWriter member) {
            super(member);
        }

        @Override
        public void serializeAsField(Object bean, JsonGenerator json, SerializerProvider provider) throws Exception {
            if (get(bean) instanceof JsonNullable<?> member && member.isPresent()) {
                super.serializeAsField(bean, json, provider);
            }
        }
    }

    @SuppressWarnings("rawtypes")
    private static final class Writer extends JsonSerializer<JsonNullable> {
        @Override
        public void serialize(JsonNullable member, JsonGenerator json, SerializerProvider provider) throws IOException {
            provider.defaultSerializeValue(member.get(), json);
        }
    }

    @SuppressWarnings("rawtypes")
    private static final class Reader extends JsonDeserializer<JsonNullable> implements ContextualDeserializer {
        private final JavaType type;

        Reader(JavaType type) {
            this.type = type;
        }

        @Override
        public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty member) {
            JavaType whole = member == null ? context.getContextualType() : member.getType();
            return new Reader(whole.containedTypeOrUnknown(0));
        }

        @Override
        public JsonNullable deserialize(JsonParser json, DeserializationContext context) throws IOException {
            return JsonNullable.of(context.readValue(json, type));
        }

        @Override
        public JsonNullable getNullValue(DeserializationContext context) {
            return JsonNullable.of(null);
        }
    }
}
