package javax.annotation;

/** What generated classes are marked with; it was part of the JDK until Java 8. */
public @interface Generated {
    String[] value();

    String comments() default "";
}
