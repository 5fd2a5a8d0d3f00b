//! The part of `export_…!` that every world has.

/// Not for authors.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_plugin {
    ($world:ident, $trait:path, $plugin:ident, $panic:ident, { $($exports:tt)* }) => {
        // A linker for a host does not accept the names that components export.
        #[cfg(target_arch = "wasm32")]
        mod bongsu_component {
            use ::std::cell::RefCell;
            use $crate::$world::bindings;

            const MANIFEST: &[u8] = ::std::include_bytes!(::std::concat!(
                ::std::env!("CARGO_MANIFEST_DIR"),
                "/plugin.json"
            ));

            /// Read by hosts and tools without running the plugin.
            #[used]
            #[unsafe(link_section = "bongsu:manifest")]
            static SECTION: [u8; MANIFEST.len()] = *MANIFEST.first_chunk().unwrap();

            ::std::thread_local! {
                static PLUGIN: RefCell<Option<super::$plugin>> = const { RefCell::new(None) };
            }

            struct Component;

            impl bindings::Guest for Component {
                fn init(settings: bindings::Settings) -> Result<(), ::std::string::String> {
                    use bindings::bongsu::plugin::types::Value;
                    $crate::runtime::report_panics($crate::runtime::PanicText::$panic);
                    let settings = settings.into_iter().map(|setting| {
                        let value = match setting.value {
                            Value::Boolean(value) => $crate::settings::Value::Boolean(value),
                            Value::Integer(value) => $crate::settings::Value::Integer(value),
                            Value::Number(value) => $crate::settings::Value::Number(value),
                            Value::Text(value) => $crate::settings::Value::Text(value),
                            Value::Texts(value) => $crate::settings::Value::Texts(value),
                        };
                        (setting.key, value)
                    });
                    let settings = $crate::Settings::new(settings.collect());
                    let made = <super::$plugin as $trait>::init(&settings)?;
                    PLUGIN.set(Some(made));
                    Ok(())
                }
            }

            $($exports)*

            bindings::export_world!(Component with_types_in bindings);
        }
    };
}
